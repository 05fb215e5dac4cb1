package reports

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
)

// The parts of the page.
var (
	//go:embed page/page.html.tmpl
	pageTemplate string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// HTML prints the report as one page that loads nothing. Text of others is escaped, and its content security policy lets
// nothing run but its own script.
func (r *Report) HTML(out io.Writer) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(out, r.view())
}

// policy is the page's content security policy: its own style and script by their hashes, and nothing else from anywhere.
func policy() string {
	return "default-src 'none'; style-src '" + hashOf(pageStyle) + "'; script-src '" + hashOf(pageScript) + "'; base-uri 'none'; form-action 'none'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// style and script are the page's own, and hold nothing of others: so they are not escaped.
func style() template.CSS { return template.CSS(pageStyle) } //nolint:gosec // it is embedded, and holds nothing of others

func script() template.JS { return template.JS(pageScript) } //nolint:gosec // it is embedded, and holds nothing of others
