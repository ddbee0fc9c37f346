# All members of the suite by name, as in bench/members/index.ts.
from sequence import MEMBERS as SEQUENCE
from vision import MEMBERS as VISION

MEMBERS = {**VISION, **SEQUENCE}
