package login_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// The challenges of an answer are told apart, in one line or several, in any order and quoting.
func TestChallengesAreToldApart(t *testing.T) {
	const token = `Bearer realm="https://auth.test/token"`
	full := token + `,service="s",scope="repository:a:pull,push"`
	for _, c := range []struct {
		lines []string
		want  []string
	}{
		{nil, nil},
		{[]string{""}, nil},
		{[]string{" , ,,"}, nil},
		{[]string{`Basic realm="x"`}, []string{"Basic"}},
		{[]string{"Basic"}, []string{"Basic"}},
		{[]string{"BASIC realm=x"}, []string{"Basic"}},
		{[]string{full}, []string{full}},
		{[]string{"Negotiate", `Basic realm="x"`}, []string{"negotiate", "Basic"}},
		{[]string{`Negotiate, Basic realm="x"`}, []string{"negotiate", "Basic"}},
		{[]string{`Basic realm="x", Negotiate`}, []string{"Basic", "negotiate"}},
		{[]string{`Negotiate YII+/9~a.b_c-d==, Basic realm="x"`}, []string{"negotiate", "Basic"}},
		{[]string{`NTLM TlRMTVNTUAACAAAA, Negotiate abc , Basic`}, []string{"ntlm", "negotiate", "Basic"}},
		{[]string{`Negotiate Basic realm="x"`}, []string{"negotiate", "Basic"}},
		{[]string{`Digest realm="d", nonce="a=,b", qop="auth, auth-int", algorithm=MD5, stale=false, Basic realm="x"`}, []string{"digest", "Basic"}},
		{[]string{`Basic realm="a, Negotiate \", Digest x", ` + full}, []string{"Basic", full}},
		{[]string{full + `, Basic realm="x"`}, []string{full, "Basic"}},
		{[]string{full + `,Basic realm=x,Negotiate`}, []string{full, "Basic", "negotiate"}},
		{[]string{`Basic realm="x"` + "\t,\t" + `Bearer` + "\t" + `service = "s" , realm	=	"https://auth.test/token",scope="repository:a:pull,push"`}, []string{"Basic", full}},
		{[]string{`BEARER REALM="https://auth.test/token",Service=s,SCOPE="repository:a:pull,push"`}, []string{full}},
		{[]string{`Bearer realm="https:\/\/auth.test\/token"`}, []string{token}},
		{[]string{`Bearer realm=https://auth.test/token, Basic`}, []string{token, "Basic"}},
		{[]string{`Bearer realm='https://auth.test/token' service='s' scope="repository:a:pull,push"`}, []string{full}},
		{[]string{`Bearer realm="https://auth.test/token",realm="https://evil.test/token"`}, []string{token}},
		{[]string{`Bearer realm="https://auth.test/token",error="invalid_token",error_description="no, \"Basic\" way"`}, []string{token}},
		{[]string{`Bearer realm="https://auth.test/token",`, `,Basic`}, []string{token, "Basic"}},
		{[]string{`realm="of no scheme", Basic`}, []string{"Basic"}},

		// A Bearer challenge without a token service cannot be met here.
		{[]string{"Bearer", "Basic"}, []string{"bearer", "Basic"}},
		{[]string{`Bearer realm="", Basic`}, []string{"bearer", "Basic"}},
		{[]string{`Bearer realm="Artifactory Realm"`}, []string{"bearer"}},
		{[]string{`Bearer realm="/token"`}, []string{"bearer"}},
		{[]string{`Bearer realm="ftp://auth.test/token"`}, []string{"bearer"}},
		{[]string{`Bearer realm="https://"`}, []string{"bearer"}},
		{[]string{`Bearer realm=, Basic realm="x"`}, []string{"bearer", "Basic"}},

		// What cannot be read ends its line.
		{[]string{`Bearer realm="https://auth.test/token, Basic realm=x`, "Negotiate"}, []string{"bearer", "negotiate"}},
		{[]string{`Basic realm="x\`, "Negotiate"}, []string{"Basic", "negotiate"}},
		{[]string{`Basic realm="x"; charset=UTF-8, Negotiate`}, []string{"Basic"}},
		{[]string{`"Basic"`}, nil},
		{[]string{"\x00Basic", `<Basic>`}, nil},
	} {
		if got := login.Challenges(http.Header{"Www-Authenticate": c.lines}); !slices.Equal(got, c.want) {
			t.Errorf("%q:\n got %q\nwant %q", c.lines, got, c.want)
		}
	}
}

// The challenges of an answer are bounded, in number and in bytes.
func TestChallengesAreBounded(t *testing.T) {
	for _, tc := range []struct {
		name  string
		lines []string
	}{
		{"in one line", []string{strings.Repeat("x ,", 5000)}},
		{"in many lines", slices.Repeat([]string{"x"}, 5000)},
	} {
		if got := login.Challenges(http.Header{"Www-Authenticate": tc.lines}); len(got) != 32 {
			t.Errorf("%s: %d challenges", tc.name, len(got))
		}
	}
	long := []string{`Digest x="` + strings.Repeat("x", 16<<10) + `"`, "Basic"}
	if got := login.Challenges(http.Header{"Www-Authenticate": long}); len(got) != 0 {
		t.Errorf("after 16 KiB: %q", got)
	}
}

// Any header gives a bounded number of challenges, and what oras-go is shown of them means the same when it is read once
// more.
func FuzzChallenges(f *testing.F) {
	for _, line := range []string{
		`Basic realm="x"`, `Negotiate YII=, Basic`, `Bearer realm="https://auth.test/token",service="s",scope="repository:a:pull,push"`,
		`Bearer realm='https://auth.test/a"b', Digest a="\"`, `Bearer realm="https://auth.test/\\\"",,=,x= ="`, "Bearer realm=\"https://a/\xff\u2028\"",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		all := login.Challenges(http.Header{"Www-Authenticate": {line}})
		if len(all) > 32 {
			t.Fatalf("%d challenges", len(all))
		}
		for _, one := range all {
			if !strings.HasPrefix(one, "Bearer realm=") {
				continue
			}
			if strings.ContainsFunc(one, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("%q: control characters", one)
			}
			if strings.Contains(one, `\`) {
				continue // Go's escapes, which this parser does not know
			}
			if again := login.Challenges(http.Header{"Www-Authenticate": {one}}); !slices.Equal(again, []string{one}) {
				t.Fatalf("%q is read as %q", one, again)
			}
		}
	})
}
