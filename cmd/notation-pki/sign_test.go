package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	notationregistry "github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/signatures"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// bench is a world with SKAO's signer in a folder of its own, and the command at hand.
type bench struct {
	*rig.Test
	t   *testing.T
	dir string // the PKI
}

func newBench(t *testing.T) *bench {
	t.Helper()
	for _, name := range []string{"NOTATION_USERNAME", "NOTATION_PASSWORD"} {
		t.Setenv(name, "")
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	b := &bench{Test: rig.ForTest(t), t: t, dir: t.TempDir()}
	b.keep("signer", b.SKAO.Signer)
	return b
}

// keep writes an identity into the PKI, its key not encrypted.
func (b *bench) keep(name string, identity *ca.Identity) {
	b.t.Helper()
	key, err := ca.EncodeKey(identity.Key)
	b.must(err)
	b.keepWith(name, identity, key)
}

func (b *bench) keepWith(name string, identity *ca.Identity, key []byte) {
	b.t.Helper()
	pkiFolder := layout.Folder{Path: b.dir}
	next, err := pkiFolder.Next(name, false)
	b.must(err)
	b.must(pkiFolder.Create(next, map[string][]byte{
		layout.CertFile:  ca.EncodeCertificates(identity.Cert),
		layout.ChainFile: ca.EncodeCertificates(identity.Chain...),
		layout.KeyFile:   key,
	}))
}

// file writes a file somewhere and returns its path.
func (b *bench) file(content []byte) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "file")
	b.must(os.WriteFile(path, content, 0o600))
	return path
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// said is how a command ended.
type said struct {
	out, notes string
	err        error
}

// command runs notation-pki as it is typed, up to the exit code.
func (b *bench) command(ctx context.Context, args ...string) said {
	var out, notes bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&notes)
	err := root.ExecuteContext(ctx)
	return said{out.String(), notes.String(), err}
}

// at are the flags that reach a registry of the rig.
func (b *bench) at(r *rig.Registry) []string {
	b.t.Helper()
	if r.CA == nil {
		return []string{"--plain-http-unsafe"}
	}
	return []string{"--registry-ca", b.file(r.CAPEM())}
}

func (b *bench) sign(image rig.Image, more ...string) said {
	b.t.Helper()
	args := append([]string{"sign", image.Tagged(), "--dir", b.dir}, b.at(image.Registry)...)
	return b.command(b.t.Context(), append(args, more...)...)
}

func (b *bench) list(image rig.Image, more ...string) said {
	b.t.Helper()
	args := append([]string{"list", image.Tagged()}, b.at(image.Registry)...)
	return b.command(b.t.Context(), append(args, more...)...)
}

// infos are the signatures that list tells.
func (b *bench) infos(image rig.Image, more ...string) []signatures.Info {
	b.t.Helper()
	got := b.list(image, append(more, "-o", "json")...)
	b.must(got.err)
	var infos []signatures.Info
	b.must(json.Unmarshal([]byte(got.out), &infos))
	return infos
}

// timestamped are the flags that ask the world's timestamp authority.
func (b *bench) timestamped(tsa *rig.TSA) []string {
	b.t.Helper()
	return []string{"--timestamp-url", b.Endpoints.PublishTSA(tsa), "--timestamp-root", b.file(ca.EncodeCertificates(tsa.Root()))}
}

// trust trusts SKAO for some repositories, and for others with a timestamp only, as it is where a policy has a tsa store.
func (b *bench) trust(plain, stamped []string) rig.Trust {
	trust, strict := b.Trust(plain...), b.Trust(stamped...)
	strict.Add("tsa:stamps", b.TSA.Root())
	strict.Policies[0].Name = "stamped"
	switch {
	case len(stamped) == 0:
		return trust
	case len(plain) == 0:
		return strict
	}
	strict.Policies = append(strict.Policies, trust.Policies...)
	return strict
}

// verify is what the notation command does.
func (b *bench) verify(image rig.Image) (*notation.VerificationOutcome, error) {
	b.t.Helper()
	return b.verifyBy(image, b.trust([]string{image.Name()}, nil))
}

// verifyStamped is that with a policy that takes no signature without a timestamp.
func (b *bench) verifyStamped(image rig.Image) (*notation.VerificationOutcome, error) {
	b.t.Helper()
	return b.verifyBy(image, b.trust(nil, []string{image.Name()}))
}

func (b *bench) verifyBy(image rig.Image, trust rig.Trust) (*notation.VerificationOutcome, error) {
	b.t.Helper()
	judge, err := verifier.New(trust.Document(), truststore.NewX509TrustStore(dir.NewSysFS(b.WriteTrust(trust))), nil)
	b.must(err)
	remote, err := image.Registry.Remote(image.Repository)
	b.must(err)
	_, outcomes, err := notation.Verify(b.t.Context(), judge, notationregistry.NewRepository(remote),
		notation.VerifyOptions{ArtifactReference: image.Pinned(), MaxSignatureAttempts: 10})
	if err != nil {
		return nil, err
	}
	return outcomes[0], nil
}

// fails asks for one line that tells why, and nothing on stdout.
func (b *bench) fails(got said, code int, words ...string) {
	b.t.Helper()
	if got.err == nil {
		b.t.Fatalf("it went well: %s%s", got.out, got.notes)
	}
	text, is := got.err.Error(), cli.Code(got.err)
	if is != code || got.out != "" || strings.ContainsAny(text, "\n\r\x1b") {
		b.t.Errorf("exit code %d, want %d; stdout %q; error %q", is, code, got.out, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			b.t.Errorf("error %q does not tell %q", text, word)
		}
	}
}

func TestWhatIsSignedIsVerified(t *testing.T) {
	b := newBench(t)
	signed, verify := map[bool][]rig.Image{}, map[bool]func(rig.Image) (*notation.VerificationOutcome, error){true: b.verifyStamped, false: b.verify}
	var registries []*rig.Registry
	for _, tc := range []struct {
		kind rig.Kind
		ways []string
	}{{rig.API, []string{"auto", "api", "tag"}}, {rig.Tag, []string{"auto", "tag"}}} {
		registry := b.Registry(rig.RegistryOptions{Kind: tc.kind})
		registries = append(registries, registry)
		for _, way := range tc.ways {
			for _, test := range []struct{ format, mediaType string }{{"jws", ca.JWS}, {"cose", ca.COSE}} {
				for _, entry := range []struct {
					stamped bool
					flags   []string
				}{{true, b.timestamped(b.TSA)}, {false, nil}} {
					name := fmt.Sprintf("%s-registry/%s-%s-%t", tc.kind, way, test.format, entry.stamped)
					t.Run(name, func(t *testing.T) {
						image := b.PushImage(registry, name, "1.0")
						signed[entry.stamped] = append(signed[entry.stamped], image)
						got := b.sign(image, append(entry.flags, "--referrers", way, "--signature-format", test.format)...)
						if got.err != nil || got.out != image.Pinned()+"\n" {
							t.Fatalf("error %v, stdout %q", got.err, got.out)
						}
						if _, err := verify[entry.stamped](image); err != nil {
							t.Error(err)
						}
						infos := b.infos(image)
						if len(infos) != 1 || infos[0].MediaType != test.mediaType || infos[0].Error != "" || (infos[0].Timestamp != nil) != entry.stamped {
							t.Errorf("listed: %+v", infos)
						}
					})
				}
			}
		}
	}
	t.Run("the server verifies it", func(t *testing.T) { b.serverVerifies(t, registries, signed) })
}

func (b *bench) serverVerifies(t *testing.T, registries []*rig.Registry, signed map[bool][]rig.Image) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	binary, err := rig.Build(t.Context(), t.TempDir(), "notation-provider")
	b.must(err)
	names, pinned := map[bool][]string{}, []string(nil)
	for stamped, all := range signed {
		for _, image := range all {
			names[stamped], pinned = append(names[stamped], image.Name()), append(pinned, image.Pinned())
		}
	}
	p := b.Provider(rig.ProviderOptions{Binary: binary, Registries: registries, Trust: b.trust(names[false], names[true])})
	asker := p.GatekeeperClient()
	t.Cleanup(asker.Close)
	answer, err := asker.Validate(t.Context(), pinned...)
	b.must(err)
	for _, image := range pinned {
		if item := answer.Items[image]; item.Error != "" || item.Value == nil {
			t.Errorf("%s: %+v (%s)", image, item, answer.SystemError)
		}
	}
}

// With --referrers auto the registry decides how a signature is listed.
func TestReferrersAuto(t *testing.T) {
	b := newBench(t)
	for _, tc := range []struct {
		kind rig.Kind
		want bool
	}{{rig.API, false}, {rig.Tag, true}} {
		registry := b.Registry(rig.RegistryOptions{Kind: tc.kind})
		image := b.PushImage(registry, "staging/a", "1")
		b.must(b.sign(image).err)
		indexed := slices.ContainsFunc(registry.Requests(rig.ClassWrite), func(r rig.Request) bool {
			return strings.Contains(r.Path, "/manifests/sha256-")
		})
		if indexed != tc.want {
			t.Errorf("%s: an index under a tag was pushed: %t", tc.kind, indexed)
		}
	}
}

func TestATagIsSignedByTheDigestThatItStoodForFirst(t *testing.T) {
	b := newBench(t)
	registry := b.Registry(rig.RegistryOptions{Kind: rig.Tag})
	first := b.PushImage(registry, "staging/a", "1")
	registry.Inject(rig.Match{Class: rig.ClassWrite, Times: 1}, func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.PushImage(registry, "staging/a", "1")
			next.ServeHTTP(w, r)
		})
	})
	got := b.sign(first)
	b.must(got.err)
	if got.out != first.Pinned()+"\n" {
		t.Errorf("stdout %q", got.out)
	}
	if _, err := b.verify(first); err != nil {
		t.Error(err)
	}
	if want := first.Tagged() + " is a tag, which may move; what is signed is " + first.Pinned(); !strings.Contains(got.notes, want) {
		t.Errorf("stderr %q", got.notes)
	}
	if infos := b.infos(first); len(infos) != 0 {
		t.Errorf("what the tag stands for now was signed: %+v", infos)
	}
}

func TestAnImageByDigestIsSignedWithoutAWordOnTags(t *testing.T) {
	b := newBench(t)
	image := b.PushIndex(b.Registry(rig.RegistryOptions{PlainHTTP: true}), "staging/a", "1")
	got := b.command(t.Context(), "sign", image.Pinned(), "--dir", b.dir, "--plain-http-unsafe")
	b.must(got.err)
	if strings.Contains(got.notes, "is a tag") || !strings.Contains(got.notes, "--plain-http-unsafe: a man in the middle") {
		t.Errorf("stderr %q", got.notes)
	}
	if _, err := b.verify(image); err != nil {
		t.Error(err)
	}
}

func TestTheStepsAreToldAsTheyAreTaken(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	got := b.sign(image, b.timestamped(b.TSA)...)
	b.must(got.err)
	at := 0
	for _, step := range []string{"resolving " + image.Tagged(), "signing as CN=SKAO OCI Signer", "timestamping by " + b.Endpoints.Host, "pushing the signature to " + image.Registry.Host} {
		found := strings.Index(got.notes[at:], step)
		if found < 0 {
			t.Fatalf("no %q at its place in %q", step, got.notes)
		}
		at += found
	}
	if strings.Contains(got.notes, "without a timestamp") {
		t.Errorf("stderr %q", got.notes)
	}
	if plain := b.sign(image); !strings.Contains(plain.notes, "without a timestamp the signature is valid no longer than its signer, until "+b.SKAO.Signer.Cert.NotAfter.Format(time.DateOnly)) {
		t.Errorf("stderr %q", plain.notes)
	}
}

func TestJSONHoldsWhatWasSignedAndHow(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	got := b.sign(image, append(b.timestamped(b.TSA), "-o", "json", "--expiry", "30d", "--user-metadata", "pipeline=4711", "--user-metadata", "by=a=b")...)
	b.must(got.err)
	var result signatures.Signed
	b.must(json.Unmarshal([]byte(got.out), &result))
	s := result.Signature
	if result.Image != image.Pinned() || result.Digest != image.Descriptor.Digest.String() || s.MediaType != ca.JWS || s.Signer != b.SKAO.Signer.Cert.Subject.String() {
		t.Errorf("got %+v", result)
	}
	if s.Expiry.Sub(s.SignedAt) != 30*day || time.Since(s.SignedAt).Abs() > time.Minute || s.UserMetadata["pipeline"] != "4711" || s.UserMetadata["by"] != "a=b" {
		t.Errorf("got %+v", s)
	}
	if s.Timestamp == nil || s.Timestamp.Authority != b.TSA.Cert.Subject.String() || s.Timestamp.Time.Sub(s.SignedAt).Abs() > time.Minute {
		t.Errorf("got %+v", s.Timestamp)
	}
	if infos := b.infos(image); len(infos) != 1 || infos[0].Manifest != s.Manifest {
		t.Errorf("listed %+v, want %s", infos, s.Manifest)
	}
	if outcome, err := b.verifyStamped(image); err != nil {
		t.Error(err)
	} else if metadata, _ := outcome.UserMetadata(); metadata["pipeline"] != "4711" {
		t.Errorf("notation reads %v", metadata)
	}
}

func TestListTellsWhatEachSignatureSays(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	b.must(b.sign(image, append(b.timestamped(b.TSA), "--expiry", "720h", "--user-metadata", "a=\x1b[31m", "--signature-format", "cose")...).err)
	got := b.list(image)
	b.must(got.err)
	info := b.infos(image)[0]
	for _, want := range []string{
		image.Pinned() + " (nothing is verified)\n", "  " + info.Manifest + "  cose\n", "signer      " + info.Signer,
		"expires     " + info.SignedAt.Add(30*day).Format(time.RFC3339), "timestamp   " + info.Timestamp.Time.Format(time.RFC3339) + " by " + info.Timestamp.Authority, "metadata    a=\uFFFD[31m\n",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %q", want, got.out)
		}
	}
}

func TestNoSignatureIsSaidAndIsNoError(t *testing.T) {
	b := newBench(t)
	for _, kind := range []rig.Kind{rig.API, rig.Tag} {
		image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: kind}), "staging/a", "1")
		if got := b.list(image); got.err != nil || got.out != image.Pinned()+" has no signatures\n" {
			t.Errorf("%s: error %v, stdout %q", kind, got.err, got.out)
		}
		if got := b.list(image, "-o", "json"); got.err != nil || got.out != "[]\n" {
			t.Errorf("%s: error %v, stdout %q", kind, got.err, got.out)
		}
	}
}

func TestABrokenSignatureHidesNoOther(t *testing.T) {
	b := newBench(t)
	// Not seen by who does not verify: these are sound to read, or are no signature.
	readable := []rig.Defect{rig.WrongThumbprint, rig.NoAnnotations, rig.NotASignature, rig.LostManifest}
	for _, kind := range []rig.Kind{rig.API, rig.Tag} {
		registry := b.Registry(rig.RegistryOptions{Kind: kind})
		for _, defect := range rig.Defects() {
			if slices.Contains(readable, defect) {
				continue
			}
			t.Run(string(kind)+" "+string(defect), func(t *testing.T) {
				image := b.PushImage(registry, "staging/a", "1")
				b.Sign(image, rig.Signature{Defect: defect})
				b.must(b.sign(image).err)
				infos := b.infos(image)
				broken := slices.IndexFunc(infos, func(i signatures.Info) bool { return i.Error != "" })
				good := slices.IndexFunc(infos, func(i signatures.Info) bool { return i.Error == "" && i.Signer != "" })
				if len(infos) != 2 || good < 0 || broken < 0 && defect != rig.Tampered {
					t.Errorf("listed %+v", infos)
				}
				if broken >= 0 && !strings.Contains(b.list(image).out, infos[broken].Manifest) {
					t.Error("the broken one is not in the text")
				}
			})
		}
	}
}

func TestTheSignatureOfAnotherImageIsSaidToBe(t *testing.T) {
	b := newBench(t)
	registry := b.Registry(rig.RegistryOptions{})
	image, other := b.PushImage(registry, "staging/a", "1"), b.PushImage(registry, "staging/a", "2")
	b.Sign(image, rig.Signature{Target: &other.Descriptor})
	if infos := b.infos(image); len(infos) != 1 || infos[0].Error != "it signs another image, "+other.Descriptor.Digest.String() {
		t.Errorf("listed %+v", infos)
	}
}

func TestTheTimestampOfAnotherSignatureIsSaidToBe(t *testing.T) {
	b := newBench(t)
	target := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1").Descriptor
	const field = "io.cncf.notary.timestampSignature"
	sign := func() map[string]any {
		envelope, err := b.SKAO.Signer.Sign(t.Context(), target, ca.SignOptions{Timestamper: b.TSA, TSARoots: ca.Pool(b.TSA.Root())})
		b.must(err)
		var parsed map[string]any
		b.must(json.Unmarshal(envelope.Raw, &parsed))
		return parsed
	}
	one, other := sign(), sign()
	one["header"].(map[string]any)[field] = other["header"].(map[string]any)[field]
	mixed, err := json.Marshal(one)
	b.must(err)
	info := signatures.NewInfo(images.Signature{MediaType: ca.JWS, Envelope: mixed}, target)
	if !strings.HasPrefix(info.Error, "the timestamp is of something else: ") || info.Timestamp != nil || info.Signer == "" {
		t.Errorf("got %+v", info)
	}
}

func TestListFindsUnderTheTagWhatTheAPIDoesNotList(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	b.Sign(image, rig.Signature{Listed: rig.ListedTag})
	for _, tc := range []struct {
		way  string
		want int
	}{{"auto", 1}, {"tag", 1}, {"api", 0}} {
		if infos := b.infos(image, "--referrers", tc.way); len(infos) != tc.want {
			t.Errorf("%s: listed %+v", tc.way, infos)
		}
	}
}

// console is a failure whose text moves the cursor.
func console(<-chan struct{}, http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"errors":[{"code":"UNKNOWN","message":"\u001b[31mred\r\nnotation-pki: all is well"}]}`)
	})
}

func TestARegistryThatFailsIsToldInOneLine(t *testing.T) {
	status := func(code int) rig.Fault { return rig.Status(code, nil) }
	read := func(class rig.Class) rig.Match { return rig.Match{Class: class} }
	write := rig.Match{Class: rig.ClassWrite, Method: http.MethodPut, Path: "/manifests/"}
	tag := rig.Match{Path: "/manifests/1$"} // by HEAD and by GET
	for _, c := range []struct {
		name  string
		match rig.Match
		fault rig.Fault
		words []string
	}{
		{"not logged in", tag, status(401), []string{"resolving", "401", "docker login"}},
		{"not allowed", tag, status(403), []string{"403", "may not do this"}},
		{"asked too often", read(rig.ClassResolve), status(429), []string{"429", "try again later"}},
		{"kept back by policy", tag, status(412), []string{"412", "the registry's own policy"}},
		{"in trouble", read(rig.ClassResolve), status(503), []string{"503", "in trouble"}},
		{"hangs", read(rig.ClassResolve), rig.Hang(), []string{"resolving", "--timeout"}},
		{"cut", read(rig.ClassResolve), rig.Cut(), []string{"resolving"}},
		{"login page", read(rig.ClassResolve), rig.HTML(), []string{"resolving", "web page"}},
		{"cannot list", read(rig.ClassReferrersTag), status(500), []string{"listing the signatures", "500"}},
		{"lists a login page", read(rig.ClassReferrersTag), rig.HTML(), []string{"listing the signatures", "web page"}},
		{"takes nothing", read(rig.ClassWrite), status(403), []string{"pushing the signature", "403", "may not do this"}},
		{"takes no manifest", write, status(500), []string{"pushing the signature", "500"}},
		{"hangs at the push", write, rig.Hang(), []string{"pushing the signature", "--timeout"}},
		{"no image's answer", tag, rig.Header("Content-Type", "text/plain"), []string{"the answer is no manifest"}},
		{"writes to the console", read(rig.ClassReferrersTag), console, []string{"listing the signatures", "red"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
			image.Registry.Inject(c.match, c.fault)
			patience := "30s"
			if slices.Contains(c.words, "--timeout") {
				patience = "1s"
			}
			b.fails(b.sign(image, "--timeout", patience), cli.ExitFailed, c.words...)
			if c.match.Class != rig.ClassWrite {
				b.fails(b.list(image, "--timeout", patience), cli.ExitFailed, c.words...)
				if n := image.Registry.Count(rig.ClassWrite); n != 0 {
					t.Errorf("%d writes after a failure", n)
				}
			}
		})
	}
}

func TestASignatureThatTheRegistryDroppedIsNoSuccess(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  rig.Kind
		way   string
		path  string // of what it takes and drops
		words []string
	}{
		{"the signature", rig.API, "api", "/manifests/sha256:", []string{"does not list", "among the 1 signatures"}},
		{"the signature of a list", rig.API, "tag", "/manifests/sha256:", []string{"fetching the signature", "not found"}},
		{"the list", rig.Tag, "auto", "/manifests/sha256-", []string{"does not list", "among the 1 signatures"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: c.kind}), "staging/a", "1")
			b.must(b.sign(image, "--referrers", c.way).err)
			image.Registry.Inject(rig.Match{Method: http.MethodPut, Path: c.path}, rig.Status(http.StatusCreated, nil))
			words := append(c.words, "was pushed, and cannot be found again", "sign once more")
			b.fails(b.sign(image, "--referrers", c.way), cli.ExitFailed, words...)
		})
	}
}

func TestATroubleThatPassesIsNoFailure(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
	for _, class := range []rig.Class{rig.ClassResolve, rig.ClassWrite, rig.ClassReferrersTag} {
		image.Registry.Inject(rig.Match{Class: class, Times: 1}, rig.Status(http.StatusServiceUnavailable, nil))
	}
	b.must(b.sign(image).err)
	if _, err := b.verify(image); err != nil {
		t.Error(err)
	}
}

func TestAPageInThePlaceOfTheListCostsNoSignature(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
	b.must(b.sign(image).err)
	// The list is read twice before it is written: to see that it can be, and to be added to.
	lift := image.Registry.Inject(rig.Match{Class: rig.ClassReferrersTag, Skip: 1}, rig.HTML())
	b.fails(b.sign(image), cli.ExitFailed, "pushing the signature", "web page")
	lift()
	if infos := b.infos(image); len(infos) != 1 {
		t.Errorf("listed %+v", infos)
	}
}

func TestSigningAgainTakesNoRightToDelete(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
	image.Registry.Inject(rig.Match{Method: http.MethodDelete}, rig.Status(http.StatusForbidden, nil))
	b.must(b.sign(image).err)
	b.must(b.sign(image).err)
	if infos := b.infos(image); len(infos) != 2 {
		t.Errorf("listed %+v", infos)
	}
}

func TestWhatCannotBeReachedOrFoundIsTold(t *testing.T) {
	b := newBench(t)
	registry := b.Registry(rig.RegistryOptions{Kind: rig.Tag})
	image := b.PushImage(registry, "staging/a", "1")
	gone := image
	gone.Tag = "2"
	b.fails(b.sign(gone), cli.ExitFailed, "resolving "+gone.Tagged(), "not found", "push it first")
	b.fails(b.list(gone), cli.ExitFailed, "not found")
	b.fails(b.sign(image, "--referrers", "api"), cli.ExitFailed, "has no referrers API")
	if n := registry.Count(rig.ClassWrite); n != 0 {
		t.Errorf("%d writes", n)
	}
	b.fails(b.command(t.Context(), "list", image.Tagged()), cli.ExitFailed, "unknown authority", "--registry-ca")
	plain := b.PushImage(b.Registry(rig.RegistryOptions{PlainHTTP: true}), "staging/a", "1")
	b.fails(b.command(t.Context(), "list", plain.Tagged()), cli.ExitFailed, "--plain-http-unsafe")
	b.fails(b.command(t.Context(), "list", "Not/AnImage"), cli.ExitUsage, "the repository has capitals")
}

func TestAnInterruptEndsTheCommand(t *testing.T) {
	for _, tc := range []struct {
		name  string
		match rig.Match
	}{
		{"resolving 127.0.0.1", rig.Match{Class: rig.ClassResolve}},
		{"pushing the signature", rig.Match{Class: rig.ClassWrite}},
		{"the signature was pushed", rig.Match{Class: rig.ClassReferrersTag, Skip: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
			ctx, cancel := context.WithCancel(t.Context())
			image.Registry.Inject(tc.match, func(lifted <-chan struct{}, next http.Handler) http.Handler {
				cancel()
				return rig.Hang()(lifted, next)
			})
			args := append([]string{"sign", image.Tagged(), "--dir", b.dir}, b.at(image.Registry)...)
			b.fails(b.command(ctx, args...), cli.ExitFailed, tc.name, "interrupted")
		})
	}
}

func TestAnInterruptWhileTimestampingPushesNothing(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	b.Endpoints.Inject(rig.Match{Class: rig.ClassTimestamp}, func(lifted <-chan struct{}, next http.Handler) http.Handler {
		cancel()
		return rig.Hang()(lifted, next)
	})
	args := append([]string{"sign", image.Tagged(), "--dir", b.dir}, b.at(image.Registry)...)
	b.fails(b.command(ctx, append(args, b.timestamped(b.TSA)...)...), cli.ExitFailed, "interrupted; nothing was pushed")
	if n := image.Registry.Count(rig.ClassWrite); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestAnAccountIsFoundWhereNotationFindsIt(t *testing.T) {
	b := newBench(t)
	private := b.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	image := b.PushImage(private, "staging/a", "1")
	b.fails(b.sign(image), cli.ExitFailed, "docker login "+private.Host)

	t.Run("docker config", func(t *testing.T) {
		b.must(b.sign(image, "--docker-config", b.WriteDockerConfig(private)).err)
	})
	t.Run("DOCKER_CONFIG", func(t *testing.T) {
		t.Setenv("DOCKER_CONFIG", filepath.Dir(b.WriteDockerConfig(private)))
		b.must(b.sign(image).err)
	})
	t.Run("environment", func(t *testing.T) {
		t.Setenv("NOTATION_USERNAME", private.Username)
		t.Setenv("NOTATION_PASSWORD", private.Password)
		b.must(b.sign(image).err)
	})
	t.Run("credential helper", func(t *testing.T) {
		helper := fmt.Sprintf("#!/bin/sh\nprintf '%%s' '{\"ServerURL\":\"%s\",\"Username\":\"%s\",\"Secret\":\"%s\"}'\n", private.Host, private.Username, private.Password)
		bin := t.TempDir()
		b.must(os.WriteFile(filepath.Join(bin, "docker-credential-rig"), []byte(helper), 0o700))
		t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		b.must(b.sign(image, "--docker-config", b.file([]byte(`{"credHelpers":{"`+private.Host+`":"rig"}}`))).err)
	})
	t.Run("wrong password", func(t *testing.T) {
		t.Setenv("NOTATION_USERNAME", private.Username)
		t.Setenv("NOTATION_PASSWORD", "guessed")
		got := b.sign(image)
		b.fails(got, cli.ExitFailed, "401", "docker login")
	})
	t.Run("config that repeats a secret", func(t *testing.T) {
		got := b.list(image, "--docker-config", b.file([]byte(`{"auths":{"`+private.Host+`":{"auth":"aHVudGVyMg=="}}}`)))
		b.fails(got, cli.ExitFailed, "not base64 of username:password", private.Host)
		if strings.Contains(got.err.Error(), "hunter2") {
			t.Errorf("the secret is told: %v", got.err)
		}
	})
	t.Run("config that is not there", func(t *testing.T) {
		b.fails(b.sign(image, "--docker-config", filepath.Join(t.TempDir(), "none")), cli.ExitFailed, "--docker-config", "no such file")
	})
}

func TestAnAccountThatMayOnlyPullCannotSign(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token}), "staging/a", "1")
	account := b.WriteDockerConfig(image.Registry)
	if got := b.list(image, "--docker-config", account); got.err != nil || !strings.Contains(got.out, "no signatures") {
		t.Errorf("error %v, stdout %q", got.err, got.out)
	}
	b.fails(b.sign(image, "--docker-config", account), cli.ExitFailed, "pushing the signature", "401")
}

// A signer whose chain verifiers refuse signs nothing.
func TestInvalidSignersSignNothing(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	b.keep("ended", b.NewSigner(b.SKAO, ca.Options{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.Add(-time.Hour)}))
	b.keep("future", b.NewSigner(b.SKAO, ca.Options{NotBefore: now.Add(time.Hour)}))
	b.keep("ca", &b.SKAO.Intermediate.Identity)
	b.keep("server", b.ServerCert)
	b.keep("rootless", &ca.Identity{Cert: b.SKAO.Signer.Cert, Key: b.SKAO.Signer.Key, Chain: b.SKAO.Signer.Chain[:2]})
	b.keep("orphan", b.belowAnEndedIntermediate(now))
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	for _, tc := range []struct {
		name  string
		words []string
	}{
		{"ended", []string{"ended/1 ended at", "--rotate"}},
		{"future", []string{"is not valid before", "clock"}},
		{"ca", []string{"ca/1", "(intermediate)", "--signer"}},
		{"server", []string{"server/1", "cannot sign images"}},
		{"rootless", []string{"no verifier would take what rootless/1 signs", "add its issuer"}},
		{"orphan", []string{"above orphan/1", "ended at"}},
		{"missing", []string{"there is no missing"}},
		{"signer/7", []string{"no generation 7"}},
		{"../signer", []string{"no name"}},
	} {
		b.fails(b.sign(image, "--signer", tc.name), cli.ExitFailed, tc.words...)
	}
	if n := image.Registry.Count(); n != 0 {
		t.Errorf("the registry was asked %d times", n)
	}
}

func (b *bench) belowAnEndedIntermediate(now time.Time) *ca.Identity {
	b.t.Helper()
	intermediate, err := b.SKAO.Root.Intermediate(ca.Options{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.Add(-time.Hour)})
	b.must(err)
	orphan, err := intermediate.Signer(ca.Options{NotAfter: now.AddDate(1, 0, 0)})
	b.must(err)
	return orphan
}

func TestASignerIsNamedByItsGeneration(t *testing.T) {
	b := newBench(t)
	b.keep("other", b.NewSigner(b.SKAO, ca.Options{KeyType: ca.ECP384}))
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	b.must(b.sign(image, "--signer", "other/1").err)
	if outcome, err := b.verify(image); err != nil || outcome.EnvelopeContent.SignerInfo.SignatureAlgorithm.Hash().Size() != 48 {
		t.Errorf("error %v", err)
	}
}

func TestAKeyIsUnlockedByItsPassphraseOnly(t *testing.T) {
	b := newBench(t)
	key, err := ca.EncodeEncryptedKey(b.SKAO.Signer.Key, []byte("correct horse battery"))
	b.must(err)
	b.keepWith("locked", b.SKAO.Signer, key)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	wrong, right := b.file([]byte("incorrect horse\n")), b.file([]byte("correct horse battery\n"))
	b.fails(b.sign(image, "--signer", "locked", "--passphrase-file", wrong), cli.ExitFailed, "wrong passphrase")
	if n := image.Registry.Count(); n != 0 {
		t.Errorf("the registry was asked %d times", n)
	}
	b.must(b.sign(image, "--signer", "locked", "--passphrase-file", right).err)
}

func TestATimestampThatIsWorthNothingIsRefused(t *testing.T) {
	b := newBench(t)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	address := b.Endpoints.PublishTSA(b.TSA)
	with := func(root []byte) []string {
		return []string{"--timestamp-url", address, "--timestamp-root", b.file(root)}
	}
	b.fails(b.sign(image, with(ca.EncodeCertificates(b.SKAO.Root.Cert))...), cli.ExitFailed, "unknown authority", "does not hold the root of "+b.Endpoints.Host)
	b.fails(b.sign(image, with(ca.EncodeCertificates(b.TSA.Cert))...), cli.ExitFailed, "is no root certificate (timestamp-authority)")
	b.fails(b.sign(image, with([]byte("junk"))...), cli.ExitFailed, "--timestamp-root")
	b.fails(b.sign(image, "--timestamp-url", address, "--timestamp-root", "none"), cli.ExitFailed, "--timestamp-root", "no such file")
	b.fails(b.sign(image, "--timestamp-url", address), cli.ExitUsage, "go together")
	b.fails(b.sign(image, "--timestamp-root", "none"), cli.ExitUsage, "go together")
	b.fails(b.sign(image, "--timestamp-url", "digicert", "--timestamp-root", "none"), cli.ExitUsage, "no http:// or https:// URL")
	for _, tc := range []struct {
		name  string
		fault rig.Fault
	}{{"503", rig.Status(503, nil)}, {"text/html", rig.HTML()}, {"--timeout", rig.Hang()}} {
		lift := b.Endpoints.Inject(rig.Match{Class: rig.ClassTimestamp}, tc.fault)
		b.fails(b.sign(image, append(with(ca.EncodeCertificates(b.TSA.Root())), "--timeout", "1s")...), cli.ExitFailed, "timestamp", tc.name)
		lift()
	}
	if n := image.Registry.Count(rig.ClassWrite); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestARevokedTimestampAuthorityIsRefused(t *testing.T) {
	b := newBench(t)
	root, err := ca.NewRoot(ca.Options{})
	b.must(err)
	server := rig.NewRevocationServer(root)
	tsa, err := rig.NewTSA(root, ca.Options{CRLURLs: []string{b.Endpoints.Publish(server).CRL}})
	b.must(err)
	image := b.PushImage(b.Registry(rig.RegistryOptions{}), "staging/a", "1")
	flags := b.timestamped(tsa)
	b.must(b.sign(image, flags...).err)
	lift := b.Endpoints.Inject(rig.Match{Class: rig.ClassCRL}, rig.Status(500, nil))
	b.fails(b.sign(image, flags...), cli.ExitFailed, "revocation status is unknown")
	lift()
	server.Revoke(tsa.Cert, time.Now().Add(-time.Hour), 1)
	b.fails(b.sign(image, flags...), cli.ExitFailed, "is revoked")
	if infos := b.infos(image); len(infos) != 1 {
		t.Errorf("listed %+v", infos)
	}
}
