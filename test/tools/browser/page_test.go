//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a slow machine may take for one step.
const patience = 2 * time.Minute

// world is the browser, and the page's file.
var world struct {
	browser context.Context //nolint:containedctx // chromedp keeps the browser in it
	page    string
}

func run(m *testing.M) (code int, err error) {
	chromium, err := find("chromium", "chromium-browser", "google-chrome")
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if world.page, err = makePage(dir); err != nil {
		return 1, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1400, 1000))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, end := chromedp.NewContext(allocator)
	defer end()
	world.browser = browser
	if err := chromedp.Do(browser); err != nil {
		return 1, fmt.Errorf("start %s: %w", chromium, err)
	}
	return m.Run(), nil
}

// find is the first of some programs that is installed.
func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is none of %s; install it, as by apt-get install chromium", strings.Join(names, ", "))
}

// makePage builds the command, and has it make the page.
func makePage(dir string) (string, error) {
	binary, report, made := filepath.Join(dir, "notation-provider"), filepath.Join(dir, "report.json"), filepath.Join(dir, "report.html")
	build := exec.Command("go", "build", "-C", "../../..", "-o", binary, "./cmd/notation-provider")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	if err := writeReport(report); err != nil {
		return "", err
	}
	text, err := exec.Command(binary, "report", "--from", report, "-o", "html").Output()
	// Some images are refused, which is exit code 3.
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
		return "", fmt.Errorf("report: %w", err)
	}
	return made, os.WriteFile(made, text, 0o600)
}

// tab is the page, opened again for a test.
type tab struct {
	*testing.T

	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it

	mu       sync.Mutex
	requests []string
	problems []string
}

// open opens the page. At the end of the test nothing but the page was loaded, and nothing was complained about.
func open(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(world.browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.check)
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	p.do(chromedp.Navigate("file://"+world.page), chromedp.WaitVisible("#runs"))
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, event.Request.URL)
	case *log.EventEntryAdded:
		p.problems = append(p.problems, event.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, event.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		p.problems = append(p.problems, "a dialog: "+event.Message)
	}
}

func (p *tab) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) != 1 || p.requests[0] != "file://"+world.page {
		p.Errorf("the page loads %q", p.requests)
	}
	if len(p.problems) > 0 {
		p.Errorf("the browser complains: %q", p.problems)
	}
}

// do runs actions.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// call sends the browser a command of its protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], parameters P) R {
	p.Helper()
	result, err := chromedp.Call(p.ctx, command, parameters)
	if err != nil {
		p.Fatal(err)
	}
	return result
}

// eval evaluates JavaScript, in the page and beside its content security policy.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatal(err)
	}
	return value
}

// visible counts the images that are shown.
func (p *tab) visible() int {
	p.Helper()
	return eval[int](p, `Array.from(document.querySelectorAll("#runs tbody tr")).filter(row => row.getClientRects().length).length`)
}

// first is how many the page shows before all are asked for.
const first = 250

// want wants this many to be found, the page to show them or the first, and to say so.
func (p *tab) want(what string, n int) {
	p.Helper()
	says := fmt.Sprintf("%d of %d images", n, many)
	if n == many {
		says = fmt.Sprintf("%d images", many)
	}
	if n > first {
		says += fmt.Sprintf(", of which the first %d are shown", first)
	}
	if got, text := p.visible(), eval[string](p, `document.getElementById("count").textContent`); got != min(n, first) || text != says {
		p.Errorf("%s: %d images are shown, want %d; the page says %q", what, got, min(n, first), text)
	}
}

// choose chooses an option by its text.
func (p *tab) choose(list, text string) {
	p.Helper()
	eval[bool](p, fmt.Sprintf(`(() => {
		const list = document.getElementById(%q), option = Array.from(list.options).find(o => o.text === %q);
		list.value = option.value;
		return list.dispatchEvent(new Event("change", {bubbles: true}));
	})()`, list, text))
}

// count counts the images of the report that are so.
func count(so func(int, image) bool) int {
	n := 0
	for at, i := range images() {
		if so(at, i) {
			n++
		}
	}
	return n
}
