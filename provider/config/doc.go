// Package config reads the server's one YAML file, refuses what it does not know, and
// returns a [Config] that is complete and valid.
//
// [Config] is the manual: each field has a paragraph with its default, its
// unit and what happens when it is wrong. [Annotated] is the same manual as a
// file to start from.
//
// The reading is strict, because a misspelt key in a security setting must not
// silently mean the default. All problems of a file are reported at once, one line
// each, with the line number where there is one.
package config
