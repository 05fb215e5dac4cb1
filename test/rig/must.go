package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// Must is [expect.Must].
func Must[T any](value T, err error) func(TB) T { return expect.Must(value, err) }

// Patience is [expect.Patience].
const Patience = expect.Patience

// Eventually is [expect.Eventually].
func Eventually(t TB, what string, wrong func() error) {
	t.Helper()
	expect.Eventually(t, what, wrong)
}

// Until is [expect.Until].
func Until(t TB, what string, holds func() bool) {
	t.Helper()
	expect.Until(t, what, holds)
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
