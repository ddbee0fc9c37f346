#!/usr/bin/env node
// The `potstill` command. Kept in the repository, unlike `dist`, so that npm can link it before anything is built.
import '../dist/cli/main.js';
