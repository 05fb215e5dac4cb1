package ratify

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is what people read who compare, or come over.
const page = "../../provider/COMPARISON.md"

// shown matches a file that the page shows.
var shown = regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n```yaml\n(.*?)```\n")

// base64Lines are the lines of a certificate, of which the page shows an ellipsis.
var base64Lines = regexp.MustCompile(`(?m)(^ *)-----BEGIN CERTIFICATE-----\n(?: +[A-Za-z0-9+/=]+\n)+`)

// The page shows the very files that the other tests take.
func TestPageShowsTheFiles(t *testing.T) {
	blocks := shown.FindAllStringSubmatch(string(readFile(t, page)), -1)
	if len(blocks) != 2 {
		t.Fatalf("the page shows %d files, want 2", len(blocks))
	}
	for _, block := range blocks {
		text := string(readFile(t, filepath.Join(filepath.Dir(page), block[1])))
		if want := base64Lines.ReplaceAllString(text, "$1-----BEGIN CERTIFICATE-----\n$1…\n"); block[2] != want {
			t.Errorf("the page shows another %s; put this there:\n%s", block[1], want)
		}
	}
}

// Each file and folder that the page links to is there, and each of its sources has one address.
func TestPageLinksLead(t *testing.T) {
	text := string(readFile(t, page))
	for _, link := range regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
			t.Errorf("the page links to %s: %v", link[1], err)
		}
	}
	for _, source := range regexp.MustCompile(`\[([rkcn]\d+)\]`).FindAllStringSubmatch(text, -1) {
		if strings.Count(text, "\n"+source[0]+": https://") != 1 {
			t.Errorf("source %s has no address, or two", source[0])
		}
	}
}
