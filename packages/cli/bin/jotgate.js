#!/usr/bin/env node
// The published command: plain JavaScript, so that the shell finds it before anything is built.
import "../dist/main.js"
