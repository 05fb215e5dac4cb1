package expect_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// probe is a test that remembers what it failed with. Like a test's, its Fatal does not return.
type probe struct {
	testing.TB
	failed string
}

func (p *probe) Helper()                  {}
func (p *probe) Context() context.Context { return p.TB.Context() }
func (p *probe) Fatal(args ...any) {
	for _, arg := range args {
		switch arg := arg.(type) {
		case error:
			p.failed = arg.Error()
		case string:
			p.failed = arg
		}
	}
	panic(p)
}

// failure is what the test fails with, if it does.
func failure(t *testing.T, run func(expect.TB)) string {
	t.Helper()
	p := &probe{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(p) {
				panic(r)
			}
		}()
		run(p)
	}()
	return p.failed
}

func TestMust(t *testing.T) {
	if got := expect.Must(7, nil)(t); got != 7 {
		t.Errorf("it returns %d", got)
	}
	if got := failure(t, func(tb expect.TB) { expect.Must(7, errors.New("no"))(tb) }); got != "no" {
		t.Errorf("it fails with %q", got)
	}
}

// A condition is waited for as long as Patience, and no longer.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		after := func(d time.Duration) func() bool { return func() bool { return time.Since(began) >= d } }
		if got := failure(t, func(tb expect.TB) { expect.Until(tb, "in time", after(expect.Patience-time.Second)) }); got != "" {
			t.Errorf("what comes true in time fails with %q", got)
		}
		if got := failure(t, func(tb expect.TB) { expect.Until(tb, "too late", after(time.Hour)) }); !strings.Contains(got, "too late") {
			t.Errorf("what comes true too late fails with %q", got)
		}
	})
}
