// Package config says, before the first request comes, how the whole walk is
// to be done: it reads the one YAML file, refuses what it does not understand,
// and hands out a [Config] that is complete and has been checked.
//
// [Config] is the manual: each field has a paragraph with its default, its
// unit and what happens when it is wrong. [Annotated] is the same manual as a
// file to start from.
//
// The reading is strict, because a misspelt key in a security setting must not
// silently mean the default. Everything wrong with a file is reported at once,
// one line a problem, with the line number where there is one.
package config
