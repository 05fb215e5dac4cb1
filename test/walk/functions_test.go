package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

const source = `package provider

func always() {
	println("at start, too")
}

func (w *walk) twice() {
	println("at start and for the request")
}

func request() {
	println("for the request")
}

func never() {
	println("in no run")
}
`

// A function is on the walk if it runs more often with the request than without.
func TestTheWalkIsWhatTheRequestRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "provider/a.go", source)
	write(t, "provider/tracing/b.go", "package tracing\n\nfunc told() {\n\tprintln()\n}\n")
	write(t, "idle", "mode: atomic\n"+
		module+"provider/a.go:3.15,5.2 1 7\n"+
		module+"provider/a.go:7.24,9.2 1 1\n"+
		module+"provider/a.go:11.16,13.2 1 0\n"+
		module+"provider/a.go:15.14,17.2 1 0\n"+
		module+"provider/tracing/b.go:3.13,5.2 1 0\n")
	write(t, "asked", "mode: atomic\n"+
		module+"provider/a.go:3.15,5.2 1 7\n"+
		module+"provider/a.go:7.24,9.2 1 2\n"+
		module+"provider/a.go:11.16,13.2 1 1\n"+
		module+"provider/a.go:15.14,17.2 1 0\n"+
		module+"provider/tracing/b.go:3.13,5.2 1 1\n")
	got, err := walked("idle", "asked")
	if err != nil {
		t.Fatal(err)
	}
	want := []room{{module + "provider", []function{
		{module + "provider/a.go", "(*walk).twice", 7, 9},
		{module + "provider/a.go", "request", 11, 13},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if lines := got[0].lines(); lines != 6 {
		t.Errorf("%d lines, want 6", lines)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
