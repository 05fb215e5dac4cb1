// Package expect ends a test where what it rests on fails: a call that has to succeed, a condition that has to come true. It
// imports nothing of ours, so that the tests of every package may use it.
package expect

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// TB is what is needed of a testing.TB. It is spelt out because the demo, which is no test, links test/rig.
type TB interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
	TempDir() string
	Context() context.Context
}

// Must returns the value of a call that has to succeed, and fails the test where it does not:
//
//	content := expect.Must(os.ReadFile(path))(t)
func Must[T any](value T, err error) func(TB) T {
	return func(t TB) T {
		t.Helper()
		OK(t, err)
		return value
	}
}

// OK fails the test if there is an error.
func OK(t TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Patience is how long [Eventually] waits for a condition. Only a test that fails waits that long.
const Patience = 20 * time.Second

// Eventually waits until wrong returns nil. After [Patience] the test fails with the last error.
func Eventually(t TB, what string, wrong func() error) {
	t.Helper()
	Within(t, what, Patience, wrong)
}

// Within waits as [Eventually] does, for as long as the test says. That is less where the time is what is tested, and
// more where much has to happen first.
func Within(t TB, what string, patience time.Duration, wrong func() error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(patience); ; <-tick.C {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal(fmt.Sprintf("not within %s: %s: %v", patience, what, err))
		}
	}
}

// Until waits as [Eventually] does until the condition holds.
func Until(t TB, what string, holds func() bool) {
	t.Helper()
	Eventually(t, what, func() error {
		if !holds() {
			return errors.New("it does not hold")
		}
		return nil
	})
}
