//go:build browser

package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The page shows those images that fit all filters, and all again after Clear.
func TestFilters(t *testing.T) {
	p := open(t)
	p.want("at first", many)
	p.choose("namespace", "team-03")
	p.want("a namespace", count(func(n int, _ image) bool { return n%50 == 3 }))
	p.choose("show", "Verified")
	p.want("and verified", count(func(n int, i image) bool { return n%50 == 3 && i.Outcome == "verified" }))
	p.do(chromedp.SendKeys("#search", "APP-3:"))
	p.want("and a text", count(func(n int, i image) bool {
		return n%50 == 3 && i.Outcome == "verified" && strings.Contains(i.Image, "app-3:")
	}))
	p.do(chromedp.SendKeys("#search", " nothing-has-this"))
	p.want("nothing", 0)
	p.do(chromedp.Click("#again"))
	p.want("all again", many)
	p.do(chromedp.Click(`.card[data-show="refused"]`))
	p.want("refused", count(func(_ int, i image) bool { return i.Outcome == "refused" && !i.Excepted }))
	p.do(chromedp.Click(`.card[data-show="excepted"]`))
	p.want("excepted", count(func(_ int, i image) bool { return i.Excepted }))
	p.do(chromedp.Click(`.card[data-show="excepted"]`), chromedp.Click(`[data-month="2027-03"]`))
	p.want("a month", count(func(_ int, i image) bool { return i.has("2027-03") }))
	if got := eval[int](p, `document.querySelectorAll("#exceptions tbody tr:not([hidden])").length`); got != 1 {
		t.Errorf("%d exceptions end in the month", got)
	}
	p.do(chromedp.SendKeys("#search", "pod-4002"), chromedp.Click("#clear"))
	p.want("after Clear", many)
}

// A namespace with a hostile name is one to filter by, and its text is text.
func TestHostileNames(t *testing.T) {
	p := open(t)
	p.choose("namespace", shown(evil))
	p.want("the hostile namespace", 1)
	p.do(chromedp.Click(`#runs tbody tr:not([hidden]) summary`))
	for _, tc := range []struct{ what, want string }{
		{`document.querySelector("#runs tbody tr:not([hidden]) summary").textContent`, evil},
		{`document.querySelector("footer p").textContent`, evil},
		{`document.querySelector("#exceptions tbody tr:nth-child(2) td:nth-child(3) bdi").textContent`, evil},
		{`Array.from(document.querySelectorAll(".totals bdi"), e => e.title).at(-1)`, "CN=" + evil},
	} {
		if got := eval[string](p, tc.what); got != shown(tc.want) {
			t.Errorf("%s: %q", tc.what, got)
		}
	}
	if eval[bool](p, `"evil" in window || document.scripts.length !== 1 || document.images.length !== 0`) {
		t.Error("a name became part of the page")
	}
}

// column are the values of a column, in the order that is shown.
func (p *tab) column(n int) []string {
	return eval[[]string](p, fmt.Sprintf(`Array.from(document.querySelectorAll("#runs tbody tr"), row => row.cells[%d].dataset.v)`, n))
}

// A click on a heading sorts by it, and another the other way. What has no value stays last.
func TestSorting(t *testing.T) {
	p := open(t)
	const lapses = 4
	heading := fmt.Sprintf("#runs th:nth-child(%d)", lapses+1)
	for _, order := range []string{"ascending", "descending"} {
		p.do(chromedp.Click(heading+" button"), chromedp.WaitVisible(heading+`[aria-sort="`+order+`"]`))
		got := p.column(lapses)
		blank := slices.Index(got, "")
		if blank < many/2 || slices.ContainsFunc(got[blank:], func(v string) bool { return v != "" }) {
			t.Errorf("%s: the first without an end is at %d", order, blank)
		}
		got = got[:blank]
		if order == "descending" {
			slices.Reverse(got)
		}
		if !slices.IsSorted(got) {
			t.Errorf("%s: not sorted", order)
		}
	}
	if n := eval[int](p, `document.querySelectorAll("#runs th[aria-sort]").length`); n != 1 {
		t.Errorf("%d columns say that they are sorted by", n)
	}
	p.do(chromedp.Click("#exceptions th:nth-child(4) button"))
	if got := eval[[]string](p, `Array.from(document.querySelectorAll("#exceptions tbody tr"), row => row.cells[3].textContent)`); strings.Join(got, "") != "001" {
		t.Errorf("exceptions by use: %q", got)
	}
}

// focus is the element that keys go to.
func (p *tab) focus() string {
	return eval[string](p, `document.activeElement.id || document.activeElement.tagName + " " + document.activeElement.textContent`)
}

// All can be done without a mouse.
func TestTheKeyboard(t *testing.T) {
	p := open(t)
	step := func(key, want string) {
		t.Helper()
		p.do(chromedp.KeyEvent(key))
		if got := p.focus(); !strings.Contains(got, want) {
			t.Errorf("after %q the focus is at %q, want %q", key, got, want)
		}
	}
	step(kb.Tab, "Skip to the images")
	step("/", "search")
	p.do(chromedp.KeyEvent("app-1:1"))
	p.want("typed", count(func(_ int, i image) bool { return strings.Contains(i.Image, "app-1:1") }))
	step(kb.ArrowDown, "SUMMARY")
	first := p.focus()
	step(kb.ArrowDown, "SUMMARY")
	if p.focus() == first {
		t.Error("the arrow does not move")
	}
	step(kb.ArrowUp, first)
	p.do(chromedp.KeyEvent(kb.Enter))
	if !eval[bool](p, `document.activeElement.parentElement.open`) {
		t.Error("Enter does not open the details")
	}
	step("/", "search")
	step(kb.Escape, "BODY")
	p.want("after Escape", many)
	p.do(chromedp.Focus(`#runs th:nth-child(2) button`), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`#runs th:nth-child(2)[aria-sort="ascending"]`))
	p.do(chromedp.Focus(`[data-month="2027-03"]`), chromedp.KeyEvent(" "), chromedp.WaitVisible(`[data-month="2027-03"][aria-pressed="true"]`))
}

// media has the page believe that it is shown on a medium, to somebody who prefers these colours.
func (p *tab) media(medium, colours string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}}})
}

// contrasts are the contrasts of text with what is behind it, as WCAG computes them, of all kinds of text in the page.
const contrasts = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return Array.from(canvas.getImageData(0, 0, 1, 1).data); };
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
	return Object.fromEntries(["h1", ".lead", ".eyebrow", ".card b", ".card.bad b", ".card.open b", ".card span", ".month .name", ".month .counts i", ".legend", "#count", "th button", "summary", "td small",
		".pill.good", ".pill.bad", ".pill.open", ".pill.excepted", ".badge.bad", ".badge.open", ".badge.calm", "footer p"].map(s => {
		const e = document.querySelector(s), [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
		return [s, (a + .05) / (b + .05)];
	}));
})()`

// background is that of the page.
func (p *tab) background() string {
	return eval[string](p, `getComputedStyle(document.body).backgroundColor`)
}

// The page is light or dark as the system is, unless its button says otherwise, and can be read in both.
func TestLightAndDark(t *testing.T) {
	p := open(t)
	found := map[string]string{}
	for _, colours := range []string{"light", "dark"} {
		p.media("screen", colours)
		found[colours] = p.background()
		for what, ratio := range eval[map[string]float64](p, contrasts) {
			if ratio < 4.5 {
				t.Errorf("%s: %s has a contrast of %.2f", colours, what, ratio)
			}
		}
	}
	if found["light"] == found["dark"] {
		t.Errorf("light and dark are both %s", found["dark"])
	}
	for _, want := range []string{"light", "dark", "dark"} { // the system is dark
		eval[float64](p, `(document.getElementById("theme").click(), 0)`)
		if got := p.background(); got != found[want] {
			t.Errorf("after the button the page is %s, want %s", got, want)
		}
	}
}

// On paper the page is light, without what can only be clicked, and has what the filters left.
func TestPrinting(t *testing.T) {
	p := open(t)
	p.choose("namespace", "team-03")
	p.media("print", "dark")
	if got := p.background(); got != "rgb(255, 255, 255)" {
		t.Errorf("paper is %s", got)
	}
	for _, gone := range []string{".tools", "#theme"} {
		if eval[bool](p, fmt.Sprintf(`document.querySelector(%q).getClientRects().length > 0`, gone)) {
			t.Errorf("%s is printed", gone)
		}
	}
	p.want("on paper", count(func(n int, _ image) bool { return n%50 == 3 }))
	pdf, err := chromedp.Run(p.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	if pages := strings.Count(string(pdf), "/Type /Page\n"); err != nil || pages < 2 || pages > 20 {
		t.Errorf("%d pages, %v", pages, err)
	}
	if wide := eval[float64](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		t.Errorf("%v pixels do not fit on the paper", wide)
	}
	p.choose("namespace", "All")
	for _, tc := range []struct {
		event string
		want  int
	}{{"beforeprint", many}, {"afterprint", first}} {
		eval[bool](p, fmt.Sprintf(`window.dispatchEvent(new Event(%q))`, tc.event))
		if got := p.visible(); got != tc.want {
			t.Errorf("%s: %d images are shown, want %d", tc.event, got, tc.want)
		}
	}
}

// busy is how long the page's thread has worked so far. Unlike the clock it does not run while others use the machine.
func (p *tab) busy() time.Duration {
	p.Helper()
	for _, metric := range call(p, performance.GetMetrics, cdp.Empty{}).Metrics {
		if metric.Name == "TaskDuration" {
			return time.Duration(metric.Value * float64(time.Second))
		}
	}
	p.Fatal("the browser does not tell how long the page worked")
	return 0
}

// Neither a key nor a click keeps anybody waiting, with all images.
func TestManyImages(t *testing.T) {
	p := open(t)
	call(p, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	for _, step := range []struct{ what, action string }{
		{"the first key", `search.value = "a", search.dispatchEvent(new Event("input"))`},
		{"the next key", `search.value = "app-7", search.dispatchEvent(new Event("input"))`},
		{"all again", `search.value = "", search.dispatchEvent(new Event("input"))`},
		{"sorting", `document.querySelector("#runs th:nth-child(2) button").click()`},
		{"colours", `document.getElementById("theme").click()`},
		{"all rows", `document.getElementById("all").click()`},
	} {
		before := p.busy()
		eval[float64](p, `(() => { const search = document.getElementById("search"); `+step.action+`; return document.body.offsetHeight; })()`)
		took := p.busy() - before
		t.Logf("%s: %v", step.what, took.Round(time.Millisecond))
		if took > time.Second && step.what != "all rows" {
			t.Errorf("%s takes %v", step.what, took)
		}
	}
	if got := p.visible(); got != many {
		t.Errorf("after Show all %d images are shown", got)
	}
}

// Without scripts the page still shows everything.
func TestWithoutScripts(t *testing.T) {
	p := open(t)
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.do(chromedp.Reload(), chromedp.WaitVisible("#runs"))
	p.mu.Lock()
	p.requests, p.problems = p.requests[:1], nil // the second load of the page
	p.mu.Unlock()
	if got := p.visible(); got != many {
		t.Errorf("%d images", got)
	}
	if eval[bool](p, `document.querySelector(".tools").getClientRects().length > 0`) {
		t.Error("tools are shown that do nothing")
	}
}
