//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// evil is text of somebody who wants to run code in the page, or to change what it seems to say.
const evil = `"><img src=x onerror="window.evil=1"><script>window.evil=1</script>'` + "\u202ederifirev\u202c</td></tr></table>"

// many is how many images a page must be good with.
const many = 5000

type object = map[string]any

// image is one of the report, as its JSON has it.
type image struct {
	Image      string     `json:"image"`
	Registry   string     `json:"registry"`
	Outcome    string     `json:"outcome"`
	Reason     string     `json:"reason,omitempty"`
	Cause      string     `json:"cause,omitempty"`
	Detail     string     `json:"detail,omitempty"`
	Digest     string     `json:"digest"`
	Policy     string     `json:"policy,omitempty"`
	Signer     string     `json:"signer,omitempty"`
	SignedAt   *time.Time `json:"signedAt,omitempty"`
	Lapses     []object   `json:"lapses"`
	Lapse      object     `json:"lapse,omitempty"`
	Warnings   []string   `json:"warnings"`
	Excepted   bool       `json:"excepted"`
	Exceptions []object   `json:"exceptions"`
	Namespaces []string   `json:"namespaces"`
	Uses       []object   `json:"uses"`
}

// made is when the report was made.
func made() time.Time { return time.Date(2027, time.January, 15, 9, 0, 0, 0, time.UTC) }

// images are of all outcomes: of ten, one is refused, one undecided, one excepted, and seven are verified, of which one has
// no end. The others lapse a day apart.
func images() []image {
	all := make([]image, 0, many)
	for n := range many {
		i := image{
			Image: fmt.Sprintf("harbor.skao.int/production/app-%d:1.%d", n%200, n), Registry: "harbor.skao.int", Digest: fmt.Sprintf("sha256:%064x", n),
			Lapses: []object{}, Warnings: []string{}, Exceptions: []object{}, Namespaces: []string{fmt.Sprintf("team-%02d", n%50)},
		}
		i.Uses = []object{{"kind": "Pod", "namespace": i.Namespaces[0], "name": fmt.Sprintf("pod-%d", n), "containers": []string{"main"}}}
		i.settle(n)
		all = append(all, i)
	}
	all[0].Image, all[0].Detail, all[0].Namespaces[0] = evil, evil, evil
	all[3].Signer, all[3].Policy = "CN="+evil, evil
	return all
}

// settle gives an image its outcome.
func (i *image) settle(n int) {
	switch n % 10 {
	case 0:
		i.Outcome, i.Reason, i.Detail = "refused", "unsigned", "no signature is associated with this digest"
	case 1:
		i.Outcome, i.Cause, i.Detail = "undecided", "registry", "the registry refuses connections"
	case 2:
		i.Outcome, i.Reason, i.Excepted = "refused", "out-of-scope", true
		i.Exceptions = []object{{"from": "SignedImages/all", "pattern": "harbor.skao.int/*", "reason": "SEC-1", "expires": "2027-03-10", "namespaces": i.Namespaces}}
	default:
		signed := made().AddDate(0, 0, -n%300)
		i.Outcome, i.Reason, i.Policy, i.Signer, i.SignedAt = "verified", "verified", "skao", "CN=SKAO OCI Signer,O=SKAO", &signed
		if n%10 != 3 {
			i.Lapse = object{"by": "signer", "subject": i.Signer, "at": made().AddDate(0, 0, n%360+1)}
			i.Lapses = []object{i.Lapse}
		}
	}
}

// has tells whether an image's lapse, or its exception's end, is in a month.
func (i image) has(month string) bool {
	if at, ok := i.Lapse["at"].(time.Time); ok {
		return at.Format("2006-01") == month
	}
	return i.Excepted && month == "2027-03"
}

// writeReport writes the report's JSON.
func writeReport(path string) error {
	report := object{
		"version": 1, "made": made(), "soonUntil": made().AddDate(0, 0, 30), "summary": object{"images": many, "objects": many, "namespaces": 50},
		"registries": []object{{"name": "harbor.skao.int", "images": many, "verified": many * 7 / 10}}, "signers": []object{{"name": "CN=" + evil, "images": 1}},
		"images": images(), "notes": []string{evil},
		"exceptions": []object{
			{"from": "SignedImages/all", "pattern": "harbor.skao.int/*", "reason": evil, "expires": "2027-03-10", "namespaces": []string{}, "findings": []string{"broader"}, "images": []string{"x"}},
			{"from": "SignedImages/all", "pattern": "quay.io/*", "reason": "SEC-2", "expires": "never", "namespaces": []string{}, "findings": []string{"unused"}, "images": []string{}},
			{"from": "SignedImages/all", "pattern": "docker.io/*", "reason": "SEC-3", "expires": "2026-12-31", "namespaces": []string{}, "findings": []string{"ended"}, "images": []string{}},
		},
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// shown is evil text as the page has it: a character that reorders text is replaced.
func shown(text string) string {
	return strings.NewReplacer("\u202e", "\ufffd", "\u202c", "\ufffd").Replace(text)
}
