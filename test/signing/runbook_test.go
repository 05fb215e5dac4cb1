package signing_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// chapter is a part of the runbook with the commands in it, in order.
type chapter struct {
	title    string
	commands string // of its blocks of sh
	pipeline string // its block of yaml
	result   string // its block of JSON
	shown    string // its blocks of text: what the commands print
}

// chapters reads a document.
func chapters(t *testing.T, path string) []chapter {
	t.Helper()
	all := []chapter{{}}
	fence := "" // the language of the block that a line is in
	for line := range strings.Lines(string(rig.Must(os.ReadFile(path))(t))) {
		last := &all[len(all)-1]
		language, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && fence == "":
			fence = cmp.Or(language, "text")
		case isFence:
			fence = ""
		case fence == "sh":
			last.commands += line
		case fence == "yaml":
			last.pipeline += line
		case fence == "json":
			last.result += line
		case fence == "text":
			last.shown += line
		case fence == "" && strings.HasPrefix(line, "#"):
			all = append(all, chapter{title: strings.TrimSpace(strings.TrimLeft(line, "#"))})
		}
	}
	return all
}

// office is where the runbook is followed: every place that it names is a folder or a server of the test.
type office struct {
	t       *testing.T
	dir     string
	at      string // the folder that the last chapter ended in
	places  *strings.Replacer
	applied string // what kubectl applied last
	env     []string
}

func newOffice(t *testing.T, w *rig.Test, r *rig.Registry) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir()}
	for _, name := range []string{"offline", "online", "web", "home/.config", "bin"} {
		if err := os.MkdirAll(filepath.Join(o.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	web := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(o.dir, "web"))))
	t.Cleanup(web.Close)
	o.at, o.applied = filepath.Join(o.dir, "online"), filepath.Join(o.dir, "applied")
	o.places = strings.NewReplacer(
		"/media/root-ca", filepath.Join(o.dir, "offline"), "/var/lib/pki", filepath.Join(o.dir, "online"), "/srv/pki", filepath.Join(o.dir, "web"),
		"http://pki.skao.int", web.URL, "http://timestamp.digicert.com", w.Endpoints.PublishTSA(w.TSA), "harbor.skao.int", r.Host)
	o.put("online/DigiCertTrustedRootG4.crt.pem", string(ca.EncodeCertificates(w.TSA.Root())))
	o.put("registry.pem", string(r.CAPEM()))
	// The cluster is the test: it mounts what is applied.
	o.put("bin/kubectl", "#!/bin/sh\n[ \"$1 $2\" = 'apply -f' ] && dirname \"$(dirname \"$PWD/$3\")\" >"+o.applied+"\n")
	o.env = append(os.Environ(), "HOME="+filepath.Join(o.dir, "home"), "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=",
		"PATH="+filepath.Join(o.dir, "bin")+":"+binaries.Dir+":"+os.Getenv("PATH"), "SSL_CERT_FILE="+filepath.Join(o.dir, "registry.pem"), "CI_COMMIT_TAG=1.0.0")
	return o
}

func (o *office) put(name, content string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(content), 0o700); err != nil {
		o.t.Fatal(err)
	}
}

// follow types the commands at a terminal, and each passphrase that is asked for. It returns what they print.
func (o *office) follow(title, commands string) string {
	o.t.Helper()
	script := fmt.Sprintf("cd %q\n%s\npwd >%q\n", o.at, o.placed(commands), filepath.Join(o.dir, "at"))
	run := exec.CommandContext(o.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	var said bytes.Buffer
	run.Env, run.Stdout, run.Stderr = o.env, &said, &said
	keyboard, terminal, err := pty.Open()
	if err != nil {
		o.t.Fatal(err)
	}
	run.Stdin, run.SysProcAttr = terminal, &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := run.Start(); err != nil {
		o.t.Fatal(err)
	}
	terminal.Close()
	answered := make(chan error, 1)
	go func() { answered <- typePassphrases(keyboard) }()
	err = run.Wait()
	keyboard.Close()
	if typed := <-answered; err != nil || typed != nil {
		o.t.Fatalf("%s: %v, %v\n%s\n%s", title, err, typed, script, said.String())
	}
	o.t.Logf("%s\n%s", title, said.String())
	at := rig.Must(os.ReadFile(filepath.Join(o.dir, "at")))(o.t)
	o.at = strings.TrimSpace(string(at))
	return said.String()
}

// typePassphrases answers each prompt until the terminal is gone.
func typePassphrases(keyboard *os.File) error {
	var seen bytes.Buffer
	for buffer := make([]byte, 256); ; {
		n, err := keyboard.Read(buffer)
		seen.Write(buffer[:n])
		if strings.HasSuffix(seen.String(), ": ") {
			seen.Reset()
			if _, err := io.WriteString(keyboard, passphrase+"\n"); err != nil {
				return err
			}
		}
		if errors.Is(err, syscall.EIO) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) {
			return nil // no process holds the terminal any more
		}
		if err != nil {
			return err
		}
	}
}

// prints compares a chapter's blocks of text with what its commands said: each line is in it, where … stands for any text.
func (o *office) prints(c chapter, said string) {
	o.t.Helper()
	for line := range strings.Lines(o.placed(c.shown)) {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), "…", ".*")
		if !regexp.MustCompile(`(?m)^ *` + pattern + `$`).MatchString(said) {
			o.t.Errorf("%s: the runbook shows %q, which is not in\n%s", c.title, line, said)
		}
	}
}

// renew puts the newest signer onto the runner.
func (o *office) renew() {
	o.t.Helper()
	o.follow("the runner", "rm -r ~/.config/notation\n"+
		"notation-pki bundle --scope '*' --tsa DigiCertTrustedRootG4.crt.pem --signer signer --out ~/.config/notation")
}

// run is what the pipeline's job does.
func (o *office) run(title, pipeline string) {
	o.t.Helper()
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
	}
	if err := yaml.Unmarshal([]byte(pipeline), &jobs); err != nil {
		o.t.Fatal(err)
	}
	for name, job := range jobs {
		var script strings.Builder
		for variable, value := range job.Variables {
			fmt.Fprintf(&script, "%s=%q\n", variable, value)
		}
		script.WriteString(strings.Join(job.Script, "\n"))
		o.follow(title+": "+name, script.String())
	}
}

// The runbook's commands work as written, and the cluster sees what it says.
func TestRunbook(t *testing.T) {
	for _, name := range []string{"notation-pki", "notation", "oras"} {
		rig.Must(binaries.Command(name))(t)
	}
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	o := newOffice(t, w, r)
	v := volume{t, t.TempDir()}
	apply := func() {
		t.Helper()
		v.mount(strings.TrimSpace(string(rig.Must(os.ReadFile(o.applied))(t))))
	}
	var p *process
	images := map[string]rig.Image{"the first": w.PushImage(r, "production/ska-tango-images", "1.0.0")}
	// sign pushes another image and signs it as the pipeline does now.
	sign := func(name, pipeline string) {
		t.Helper()
		images[name] = w.PushImage(r, "production/ska-tango-images", "1.0.0")
		o.run("signing "+name, pipeline)
	}
	refused := func(name, reason string) {
		t.Helper()
		rig.Until(t, name+" is "+reason, func() bool { return p.verdict(t, images[name]) == reason })
		delete(images, name)
	}
	var pipeline string
	after := map[string]func(){
		"Tell the cluster what to trust": func() {
			apply()
			p = serve(t, w, v, func(c *config.Config) {
				c.Egress.Allow = []string{strings.TrimPrefix(o.places.Replace("http://pki.skao.int"), "http://")}
				c.Cache.Verified, c.Cache.Refused, c.Reload = config.Duration(remembered), config.Duration(time.Millisecond), config.Duration(50*time.Millisecond)
			}, r)
			p.is(t, "before it is signed", images, "unsigned")
		},
		"Sign in the pipeline": func() { p.is(t, "signed", images, "verified") },
		"Every year: make the next signer": func() {
			sign("the second", pipeline)
			p.is(t, "with the next signer", images, "verified")
		},
		"Every eight years: make the next intermediate": func() {
			o.renew()
			sign("the third", pipeline)
			p.is(t, "with the next intermediate", images, "verified")
		},
		"A signer's key leaked": func() {
			refused("the first", "revoked")
			p.is(t, "when the first signer was revoked", images, "verified")
		},
		"The intermediate's key leaked": func() {
			refused("the second", "revoked")
			p.is(t, "when the first intermediate was revoked", images, "verified")
		},
		"The root's key leaked": func() {
			o.renew()
			sign("the fourth", pipeline)
			p.is(t, "before the next root is trusted", map[string]rig.Image{"the fourth": images["the fourth"]}, "untrusted")
			apply()
			rig.Until(t, "the next root is trusted", func() bool { return p.verdict(t, images["the fourth"]) == "verified" })
			p.is(t, "with both roots", images, "verified")
		},
		"When all images are signed again": func() {
			apply()
			refused("the third", "untrusted")
			p.is(t, "without the first root", images, "verified")
		},
	}
	for _, c := range chapters(t, "../../cmd/notation-pki/README.md") {
		if c.pipeline != "" {
			pipeline = c.pipeline
			first, rest, _ := strings.Cut(c.commands, "\n")
			said := o.follow(c.title, first)
			o.run(c.title, c.pipeline)
			o.prints(c, said+o.follow(c.title, rest))
		} else if c.commands != "" {
			o.prints(c, o.follow(c.title, c.commands))
		}
		if check := after[c.title]; check != nil {
			check()
			delete(after, c.title)
		}
	}
	for title := range after {
		t.Errorf("the runbook has no chapter %q", title)
	}
}

// placed says where in this office a document's places are.
func (o *office) placed(text string) string {
	if o.places == nil {
		return text
	}
	return o.places.Replace(text)
}
