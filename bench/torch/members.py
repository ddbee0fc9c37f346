# All members of the suite by name, as in bench/members/index.ts.
from vision import MEMBERS as VISION

MEMBERS = {**VISION}
