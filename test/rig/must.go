package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Must returns the value of a call that has to succeed, and fails the test where it does not:
//
//	content := rig.Must(os.ReadFile(path))(t)
func Must[T any](value T, err error) func(TB) T {
	return func(t TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Patience is how long [Eventually] waits for a condition. Only a test that fails waits that long.
const Patience = 20 * time.Second

// Eventually waits until wrong returns nil. After [Patience] the test fails with the last error.
func Eventually(t TB, what string, wrong func() error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(Patience); ; <-tick.C {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal(fmt.Sprintf("not within %s: %s: %v", Patience, what, err))
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

// Admin sends a GET to the admin listener, over a connection of its own.
func (p *Provider) Admin(ctx context.Context, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.AdminURL+path, nil)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// Metric returns the value of a series, named as Prometheus' text format names it.
func (p *Provider) Metric(ctx context.Context, series string) (float64, error) {
	_, text, err := p.Admin(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", series)
}
