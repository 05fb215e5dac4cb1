package reports_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// evil is text of somebody who wants to run code where a report is read, or to change what it seems to say.
const evil = "=1+1\"'><script>alert(1)</script>\u202ederifirev\x1b[2J\n{{.}}</style>-->"

// hostile is a report whose text others wrote, in each field that they can write.
func hostile() *reports.Report {
	at := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	image := reports.Image{
		Image: evil, Registry: evil, Running: evil, Exceptions: []reports.Cover{{From: evil, Pattern: evil, Reason: evil, Expires: evil, Namespaces: []string{evil}}},
		Verdict: reports.Verdict{
			Outcome: reports.Verified, Reason: evil, Cause: evil, Detail: evil, Digest: evil, Policy: evil, Signer: evil, SignedAt: &at,
			Lapses: []provider.Lapse{{By: evil, Subject: evil, At: at}}, Warnings: []string{evil}, You: evil, PlatformTeam: evil,
		},
		Lapse: &provider.Lapse{By: evil, Subject: evil, At: at}, Tag: &reports.Tag{Outcome: evil, Digest: evil, Moved: true},
		Namespaces: []string{evil, ""}, Uses: []reports.Use{{Kind: evil, Namespace: evil, Name: evil, Containers: []string{evil}}},
	}
	undecided, bad, excepted := image, image, image
	undecided.Outcome, bad.Outcome, excepted.Outcome, excepted.Excepted = reports.Undecided, evil, reports.Refused, true
	total := []reports.Total{{Name: evil, Images: 4, Verified: 1}, {Name: "", Images: 0}}
	return &reports.Report{
		Version: reports.Version, Made: at, SoonUntil: at.AddDate(0, 1, 0), Images: []reports.Image{bad, undecided, excepted, image}, Registries: total, Signers: total,
		Exceptions: []reports.Exception{{From: evil, Pattern: evil, Reason: evil, Expires: evil, Namespaces: []string{evil}, Findings: []reports.Finding{evil}, Problem: evil,
			Enough: &reports.Enough{Patterns: []string{evil}, Namespaces: []string{evil}}}},
		Notes: []string{evil},
	}
}

func print(t *testing.T, form func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := form(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// No form has control characters of others, or what reorders text.
func TestNoFormHasControlCharacters(t *testing.T) {
	r := hostile()
	for _, tc := range []struct {
		name string
		form func(io.Writer) error
	}{
		{"table", r.Table}, {"exceptions", r.ExceptionsTable}, {"csv", r.CSV}, {"exceptions as csv", r.ExceptionsCSV}, {"json", r.JSON}, {"html", r.HTML},
	} {
		if text := print(t, tc.form); strings.ContainsAny(text, "\x1b\u202e\r") || len(text) < 100 {
			t.Errorf("%s: %q", tc.name, text)
		}
	}
}

// A cell of a spreadsheet never begins as a formula does.
func TestNoCellIsAFormula(t *testing.T) {
	r := hostile()
	for _, begin := range []string{"=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠"} {
		r.Images[0].Image, r.Images[0].Detail, r.Exceptions[0].Reason = begin+"cmd", begin+"x", begin+"y"
		for _, tc := range []struct {
			name string
			form func(io.Writer) error
		}{{"images", r.CSV}, {"exceptions", r.ExceptionsCSV}} {
			rows, err := csv.NewReader(strings.NewReader(print(t, tc.form))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if strings.HasPrefix(strings.TrimLeft(cell, "\t\r "), begin) || len(row) != len(rows[0]) {
						t.Errorf("%s, %q: %q", tc.name, begin, cell)
					}
				}
			}
		}
	}
}

// Spreadsheets separate cells by semicolons where the comma is the decimal sign, and then a comma's quotes are no quotes.
func TestNoPartOfACellIsAFormula(t *testing.T) {
	r := hostile()
	for _, text := range []string{"x;=cmd", `x;"=cmd`, "x; =cmd", ";;@cmd", ` "+cmd`, " =cmd", "x;\uff1dcmd"} {
		r.Images[0].Image, r.Images[0].Detail, r.Exceptions[0].Reason = text, text, text
		for _, tc := range []struct {
			name string
			form func(io.Writer) error
		}{{"images", r.CSV}, {"exceptions", r.ExceptionsCSV}} {
			printed := print(t, tc.form)
			if formula := regexp.MustCompile("(?m)(^|[,;])[\\s\"]*[=+@\uff1d-]").FindString(printed); formula != "" || !strings.Contains(printed, "cmd") {
				t.Errorf("%s, %q: %q", tc.name, text, printed)
			}
		}
	}
}

// The page runs its own script and nothing else, and loads nothing.
func TestThePageIsSelfContained(t *testing.T) {
	page := print(t, hostile().HTML)
	if n := strings.Count(page, "<script"); n != 1 || strings.Contains(page, "alert(1)</script>") {
		t.Errorf("%d scripts", n)
	}
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src &#39;none&#39;;") {
		t.Fatalf("the policy is %q", policy)
	}
	for _, tag := range []string{"style", "script"} {
		text := regexp.MustCompile(`(?s)<` + tag + `>(.*)</` + tag + `>`).FindStringSubmatch(page)[1]
		sum := sha256.Sum256([]byte(text))
		if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(strings.ReplaceAll(policy[1], "&#43;", "+"), tag+"-src &#39;sha256-"+hash) {
			t.Errorf("the policy does not allow the page's own %s, sha256-%s: %s", tag, hash, policy[1])
		}
	}
	for _, loads := range []string{"http://", "https://", "src=", "url(", "@import", "style=", "onclick", "<link", "<img"} {
		if strings.Contains(strings.ReplaceAll(page, "style-src", ""), loads) {
			t.Errorf("the page has %q", loads)
		}
	}
}

// Each end and each finding has words of its own on the page.
func TestThePageHasWordsForAll(t *testing.T) {
	seen := map[string]bool{}
	for _, by := range provider.Lapses() {
		r := hostile()
		r.Images = r.Images[3:]
		r.Images[0].Lapse.By = by
		text := regexp.MustCompile(`<td data-v="2027-05-01T00:00:00Z" role="cell">2027-05-01<small>(.*?)</small>`).FindStringSubmatch(print(t, r.HTML))
		if text == nil || seen[text[1]] || text[1] == string(by) {
			t.Errorf("%s: %q", by, text)
			continue
		}
		seen[text[1]] = true
	}
	for _, f := range reports.Findings() {
		r := hostile()
		r.Exceptions[0].Findings = []reports.Finding{f}
		if page := print(t, r.HTML); strings.Contains(page, `">`+string(f)+`</span>`) {
			t.Errorf("%s has no words", f)
		}
	}
}

// A report without images, or of exceptions alone, is a page that says so.
func TestAnEmptyPageSaysSo(t *testing.T) {
	if page := print(t, collect(t).Build(nil, now(), day).HTML); !strings.Contains(page, "No image is in use") {
		t.Error("nothing is said of no image")
	}
	alone := collect(t, constraint("a", "deny", nil, exceptionFor("*", "never"))).BuildExceptions(now(), day)
	if page := print(t, alone.HTML); !strings.Contains(page, "1 exception of what must be signed") || strings.Contains(page, `id="runs"`) {
		t.Error("exceptions alone are not shown so")
	}
}
