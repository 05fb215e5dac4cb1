package main

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Whatever keeps an image out, the report says what a developer can do, in the words of denials.
func TestThereIsAdviceForEveryReasonAndCause(t *testing.T) {
	for _, reason := range provider.Reasons() {
		r := reportOf(provider.Finding{Key: "a.io/x", Verdict: provider.Verdict{Reason: reason}})
		if want := advice.Of(reason, "", "").You; reason != provider.Verified && strings.ReplaceAll(want, "{subject}", "a.io/x") != r.You {
			t.Errorf("%s: %q; want %q", reason, r.You, want)
		}
		if reason == provider.Verified && r.You+r.PlatformTeam != "" {
			t.Errorf("a good image needs no advice, got %+v", r)
		}
	}
	for _, cause := range provider.Causes() {
		r := reportOf(provider.Finding{Key: "a.io/x", Err: provider.Undecided(cause, nil, "x")})
		if r.You == "" || strings.Contains(r.You+r.PlatformTeam, "{") {
			t.Errorf("%s: %+v", cause, r)
		}
	}
}

// What is behind the semicolon of an undecided detail is for the platform team, and is told once.
func TestTheHintOfADetailIsForThePlatformTeam(t *testing.T) {
	r := reportOf(provider.Finding{Key: "a.io/x", Err: provider.Undecided(provider.CauseRegistry, errors.New("EOF"), "it is down; see whether it runs")})
	if r.Detail != "it is down: EOF" || r.PlatformTeam != "see whether it runs" {
		t.Errorf("%+v", r)
	}
}

func TestTheExitCodeIsThatOfTheWorstOutcome(t *testing.T) {
	verified := provider.Finding{Verdict: provider.Verdict{Reason: provider.Verified}}
	refused := provider.Finding{Verdict: provider.Verdict{Reason: provider.Unsigned}}
	undecided := provider.Finding{Err: provider.Undecided(provider.CauseRegistry, nil, "down")}
	for _, tc := range []struct {
		want  int
		cases [][]provider.Finding
	}{
		{0, [][]provider.Finding{{verified}, {verified, verified}, nil}},
		{3, [][]provider.Finding{{refused}, {verified, refused}, {refused, undecided}, {undecided, refused, verified}}},
		{4, [][]provider.Finding{{undecided}, {verified, undecided}, {undecided, verified}}},
	} {
		for _, findings := range tc.cases {
			if got := cli.Code(exitOf(reportAll(findings))); got != tc.want {
				t.Errorf("%+v: exit code %d, want %d", findings, got, tc.want)
			}
		}
	}
}

func TestAFindingIsVerifiedOnlyIfItsReasonIs(t *testing.T) {
	for _, reason := range append(provider.Reasons(), "", "new") {
		if got := reportOf(provider.Finding{Verdict: provider.Verdict{Reason: reason}}).Outcome; (got == outcomeVerified) != (reason == provider.Verified) {
			t.Errorf("%q: %s", reason, got)
		}
	}
	both := provider.Finding{Verdict: provider.Verdict{Reason: provider.Verified}, Err: provider.Undecided(provider.CauseInternal, nil, "x")}
	if got := reportOf(both).Outcome; got != outcomeUndecided {
		t.Errorf("an undecided finding is %s", got)
	}
}

func TestAnUndecidedReportTellsTheWholeTruth(t *testing.T) {
	r := reportOf(provider.Finding{Key: "a", Err: provider.Undecided(provider.CauseRegistry, errors.New("dial tcp 10.0.0.1"), "the registry could not be reached")})
	if r.Detail != "the registry could not be reached: dial tcp 10.0.0.1" || r.Cause != provider.CauseRegistry || r.Reason != "" {
		t.Errorf("got %+v", r)
	}
}

func TestAReportExplainsEverySignatureAndCheck(t *testing.T) {
	var out bytes.Buffer
	err := printReports(&out, []report{reportOf(provider.Finding{Key: "a.io/x", Verdict: provider.Verdict{
		Reason: provider.Expired, Detail: "all of them", Policy: "skao", Signer: "CN=x", SignedAt: time.Unix(0, 0), Warnings: []string{"careful"},
		Signatures: []provider.Signature{
			{Digest: "sha256:one", Reason: provider.Expired, Detail: "last year", Checks: []provider.Check{{Name: "integrity", Action: "enforce"}, {Name: "authenticTimestamp", Action: "enforce", Note: "no timestamp"}, {Name: "expiry", Action: "enforce", Problem: "over"}}},
			{Digest: "sha256:two", Undecided: provider.CauseRegistry, Detail: "gone"},
		},
	}})})
	if err != nil {
		t.Fatal(err)
	}
	want := `✗ REFUSED  a.io/x
  reason      expired
  detail      all of them
  policy      skao
  signer      CN=x
  signed at   1970-01-01T00:00:00Z
  warning     careful
  signature 1 sha256:one  expired
              last year
              · integrity: passed
              · authenticTimestamp: no timestamp
              · expiry: failed (enforce): over
  signature 2 sha256:two  undecided: registry
              gone
  you         sign it again with the current certificate: %notation sign a.io/x%
`
	want = strings.ReplaceAll(want, "%", "`")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Text of others does not reach the terminal as control sequences.
func TestTextOfOthersIsPrintable(t *testing.T) {
	const evil = "a\x1b[2J\r\nVERIFIED\u202e\u0007\x9b"
	var out bytes.Buffer
	if err := printReports(&out, []report{reportOf(provider.Finding{Key: evil, Verdict: provider.Verdict{
		Reason: provider.Malformed, Detail: evil, Policy: evil, Signer: evil, Warnings: []string{evil},
		Signatures: []provider.Signature{{Detail: evil, Checks: []provider.Check{{Name: evil, Action: evil, Problem: evil}}}},
	}})}); err != nil {
		t.Fatal(err)
	}
	if bad := strings.ContainsAny(out.String(), "\x1b\r\u202e\u0007\u009b"); bad {
		t.Errorf("got %q", out.String())
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "VERIFIED") {
			t.Errorf("a line of somebody else's: %q", line)
		}
	}
}

func TestThePrintedConfigurationIsTheDefault(t *testing.T) {
	var out bytes.Buffer
	c := newConfig()
	c.SetOut(&out)
	c.SetArgs(nil)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, file := range []string{"certFile", "keyFile", "clientCAFile"} {
		if !strings.Contains(text, file+`: ""`) {
			t.Fatalf("no empty %s in it", file)
		}
		text = strings.Replace(text, file+`: ""`, file+": x", 1)
	}
	got, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.TLS.CertFile, want.TLS.KeyFile, want.TLS.ClientCAFile = "x", "x", "x"
	if len(got.DockerConfigs) == 0 {
		got.DockerConfigs = nil
	}
	if len(got.Egress.Allow) == 0 {
		got.Egress.Allow = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Without a configuration the lines to write are told for registries that may have no TLS, and for no others.
func TestWhoMayHaveNoTLS(t *testing.T) {
	undecided := func(image, detail string) report {
		return report{Image: image, Outcome: outcomeUndecided, Cause: provider.CauseRegistry, Detail: detail}
	}
	refused := undecided("localhost:5000/x", "")
	refused.Outcome = outcomeRefused
	denied := undecided("localhost:5000/x", "")
	denied.Cause = provider.CauseCredentials
	for _, c := range []struct {
		report report
		want   string
	}{
		{undecided("localhost:5000/x:1", ""), "localhost:5000"},
		{undecided("localhost/x", ""), "localhost"},
		{undecided("registry.localhost:5000/x", ""), "registry.localhost:5000"},
		{undecided("127.0.0.1:5000/x", ""), "127.0.0.1:5000"},
		{undecided("[::1]:5000/x", ""), "[::1]:5000"},
		{undecided("10.1.2.3/x", ""), "10.1.2.3"},
		{undecided("harbor.skao.int/x", "http: server gave HTTP response to HTTPS client"), "harbor.skao.int"},
		{undecided("harbor.skao.int/x", "connection refused"), ""},
		{undecided("1.2.3.4/x", ""), ""},
		{undecided("no image", ""), ""},
		{refused, ""},
		{denied, ""},
	} {
		if got := c.report.plainHost(); got != c.want {
			t.Errorf("%s: %q, want %q", c.report.Image, got, c.want)
		}
	}
	lines := plainHTTP(config.Default(), []report{undecided("localhost:5000/x", ""), undecided("localhost:5000/y", ""), undecided("[::1]:5000/x", "")})
	for _, want := range []string{"  - host: \"localhost:5000\"\n    plainHTTPUnsafe: true\n  - host: \"[::1]:5000\"\n", "trust:\n  policyFile: "} {
		if strings.Count(lines, want) != 1 {
			t.Errorf("told %q, want %q once", lines, want)
		}
	}
	if told := plainHTTP(config.Default(), []report{undecided("harbor.skao.int/x", "")}); told != "" {
		t.Errorf("told %q", told)
	}
}
