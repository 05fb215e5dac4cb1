package system

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// setting is how a server is configured. What is not said is as by default.
type setting string

const (
	patient   setting = "patient"   // has time for everything
	hasty     setting = "hasty"     // must answer before anything can have failed
	brisk     setting = "brisk"     // gives up a request soon
	forgetful setting = "forgetful" // as patient, and forgets soon what it may remember

	// These remember nothing but evidence.
	knowing      setting = "knowing"       // has time for everything
	knowingBrisk setting = "knowing brisk" // gives up a request soon
)

func settings() []setting {
	return []setting{patient, hasty, brisk, forgetful, knowing, knowingBrisk}
}

// edit configures a server.
func (s setting) edit(c *config.Config) {
	const soon = config.Duration(400 * time.Millisecond)
	c.Reload = config.Duration(time.Hour) // no file changes here, and each look reads the CAs of two hundred registries
	c.AnswerWithin, c.RequestTimeout = config.Duration(8*time.Second), config.Duration(6*time.Second)
	// If what is undecided were remembered as what is refused is, no image would be verified in time.
	c.Cache.Refused = config.Duration(time.Hour)
	switch s {
	case patient:
	case hasty:
		c.AnswerWithin = soon
	case brisk:
		c.RequestTimeout = 2 * soon
	case forgetful:
		c.Cache.Refused, c.Cache.Tags = soon/4, soon/4
	case knowingBrisk:
		c.RequestTimeout = 2 * soon
		fallthrough
	case knowing:
		c.Cache.Verified, c.Cache.Refused, c.Cache.Tags = 1, 1, 1
	}
}

// mendWithin is how long after the end of a fault the image is verified at the latest: a second, since that is how long
// a registry asked us to rest, and what a busy machine may add.
const mendWithin = 4 * time.Second

// row is one fault at one step: a registry, and endpoints where they are asked, of its own.
type row struct {
	fault fault
	step  step
	on    setting

	elsewhere *rig.Registry // no request may be sent there

	world        *rig.Test
	pki          *rig.PKI
	image, other rig.Image
	exchange     *strings.Replacer // turns every name that leads to the image into the other's
}

func (r *row) name() string { return fmt.Sprintf("%s at %s, %s", r.fault.name, r.step.name, r.on) }

// rows generates the table.
func rows() []*row {
	var table []*row
	for _, s := range steps() {
		for _, f := range faults() {
			if !f.applies(s) {
				continue
			}
			on := f.servers
			if on == nil {
				on = []setting{patient}
			}
			for _, setting := range on {
				r := &row{fault: f, step: s, on: setting}
				if want := r.want(); want.reason != "" && (want.reason != provider.Verified || want.other) {
					r.on = forgetful // it is remembered, and rightly
				}
				table = append(table, r)
			}
		}
	}
	return table
}

func (r *row) want() outcome { return r.fault.expect(r.step, r.on) }

// set pushes and signs the image, and another.
func (r *row) set(t *testing.T, shared *rig.Test) {
	r.world, r.pki = shared, shared.SKAO
	if r.step.revocation() {
		r.world = rig.ForTest(t)
		r.pki = r.world.NewPKI(r.step.pki)
	}
	registry := r.world.Registry(r.step.registry)
	r.image = r.world.PushImage(registry, "production/app", "1")
	r.other = r.world.PushImage(registry, "production/app", "2")
	mine := r.world.Sign(r.image, rig.Signature{By: r.pki.Signer})
	others := r.world.Sign(r.other, rig.Signature{By: r.pki.Signer})
	names := []string{"/manifests/1", "/manifests/2"}
	for _, d := range [][2]string{
		{r.image.Descriptor.Digest.String(), r.other.Descriptor.Digest.String()},
		{mine.Manifest.Digest.String(), others.Manifest.Digest.String()},
		{digest.FromBytes(mine.Envelope.Raw).String(), digest.FromBytes(others.Envelope.Raw).String()},
	} {
		names = append(names, d[0], d[1], strings.Replace(d[0], ":", "-", 1), strings.Replace(d[1], ":", "-", 1))
	}
	if r.step.revocation() {
		stranger := r.world.NewPKI(r.step.pki)
		for _, urls := range [][2][]string{
			{r.pki.Signer.Cert.CRLDistributionPoints, stranger.Signer.Cert.CRLDistributionPoints},
			{r.pki.Signer.Cert.OCSPServer, stranger.Signer.Cert.OCSPServer},
			{r.pki.Intermediate.Cert.CRLDistributionPoints, stranger.Intermediate.Cert.CRLDistributionPoints},
			{r.pki.Intermediate.Cert.OCSPServer, stranger.Intermediate.Cert.OCSPServer},
		} {
			for i := range urls[0] {
				base := "http://" + r.world.Endpoints.Host
				names = append(names, strings.TrimPrefix(urls[0][i], base), strings.TrimPrefix(urls[1][i], base))
			}
		}
	}
	r.exchange = strings.NewReplacer(names...)
}

// divert answers each question about the image as if it were about the other.
func (r *row) divert() rig.Fault { return rig.Divert(r.exchange.Replace) }

// redirect sends each request to a host that the configuration does not name.
func (r *row) redirect() rig.Fault {
	return rig.Status(http.StatusTemporaryRedirect, http.Header{"Location": {"https://" + r.elsewhere.Host + "/v2/"}})
}

// at is who fails.
func (r *row) at() *rig.FaultInjector {
	if r.step.revocation() {
		return r.world.Endpoints.FaultInjector
	}
	return r.image.Registry.FaultInjector
}

// key is how the image is asked about.
func (r *row) key() string {
	if r.step.pinned {
		return r.image.Pinned()
	}
	return r.image.Tagged()
}

// servers starts one of each setting, for all rows.
func servers(t *testing.T, shared *rig.Test, table []*row) map[setting]*rig.GatekeeperClient {
	t.Helper()
	built, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	opts := rig.ProviderOptions{Binary: built, Trust: shared.Trust("*")}
	var endpoints []string
	for _, r := range table {
		opts.Registries = append(opts.Registries, r.image.Registry)
		if r.step.revocation() {
			opts.Trust.Add("ca:skao-oci", r.pki.Root.Cert)
			endpoints = append(endpoints, r.world.Endpoints.Host)
		}
	}
	askers := map[setting]*rig.GatekeeperClient{}
	for _, s := range settings() {
		own := opts
		own.Edit = func(c *config.Config) {
			s.edit(c)
			c.Egress.Allow = append(c.Egress.Allow, endpoints...)
		}
		server := shared.Provider(own)
		askers[s] = shared.GatekeeperClient(server.URL)
		askers[s].Timeout = 20
	}
	return askers
}

func TestNoFaultAtAnyStepDecidesAnythingOrIsRemembered(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some servers and two hundred registries")
	}
	shared := rig.ForTest(t)
	elsewhere := shared.Registry(rig.RegistryOptions{})
	table := rows()
	for _, r := range table {
		r.elsewhere = elsewhere
		r.set(t, shared)
	}
	askers := servers(t, shared, table)
	// Within a test of their own, since only its end says that all of them have ended.
	t.Run("table", func(t *testing.T) {
		for _, r := range table {
			t.Run(r.name(), func(t *testing.T) {
				t.Parallel()
				r.fails(t, askers[r.on])
				switch {
				case r.fault.once, r.on == hasty:
				case r.on == brisk:
					r.failsLater(t, askers[knowingBrisk])
				default:
					r.failsLater(t, askers[knowing])
				}
			})
		}
	})
	if got := elsewhere.Requests(); len(got) > 0 {
		t.Errorf("requests came to a host that the configuration does not name: %+v", got)
	}
}

// failsLater lets the fault befall an image whose evidence is known: what need not be asked again fails no request.
func (r *row) failsLater(t *testing.T, asker *rig.GatekeeperClient) {
	r.mend(t, asker)
	r.at().Forget()
	lift := r.at().Inject(rig.Match{Class: r.step.class}, r.fault.effect(r))
	want := r.fault.expectLater(r.step, r.on)
	for range 2 {
		if got := r.ask(t, asker); got != want {
			t.Fatalf("when it was known before, it is %+v, want %+v", got, want)
		}
	}
	if asked := r.at().Count(r.step.class); (asked > 0) != r.step.again() {
		t.Errorf("asked %d times for what was known before", asked)
	}
	lift()
	r.mend(t, asker)
}

// fails asks while the fault lasts, and when it does no more.
func (r *row) fails(t *testing.T, asker *rig.GatekeeperClient) {
	match := rig.Match{Class: r.step.class}
	asks := 2
	if r.fault.once {
		match.Times, asks = 1, 1
	}
	lift := r.at().Inject(match, r.fault.effect(r))
	for range asks {
		if got := r.ask(t, asker); got != r.want() {
			t.Fatalf("it is %+v, want %+v", got, r.want())
		}
	}
	r.taken(t)
	if !r.fault.once {
		lift()
	}
	r.mend(t, asker)
}

// taken waits until the step has been taken, and has met the fault. A hasty server answers first where the machine is busy,
// and goes on.
func (r *row) taken(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), mendWithin)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for r.at().Count(r.step.class) == 0 {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal("the step was not taken, so nothing failed")
		}
	}
}

// mend asks until the image is verified. No answer says when a server's rest is over, so it asks again and again.
func (r *row) mend(t *testing.T, asker *rig.GatekeeperClient) {
	ctx, cancel := context.WithTimeout(t.Context(), mendWithin)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		got := r.ask(t, asker)
		if got == (outcome{reason: provider.Verified}) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("%s after the fault it is still %+v", mendWithin, got)
		}
	}
}

// systemError is the form in which one image is undecided.
var systemError = regexp.MustCompile(`^undecided: (\S+): ([a-z]+): (.+)$`)

// ask asks about the image once, and holds the answer to its form.
func (r *row) ask(t *testing.T, asker *rig.GatekeeperClient) outcome {
	t.Helper()
	answer, err := asker.Validate(t.Context(), r.key())
	if err != nil {
		t.Fatal(err)
	}
	item, there := answer.Items[r.key()]
	switch {
	case answer.SystemError != "":
		said := systemError.FindStringSubmatch(answer.SystemError)
		if said == nil || said[1] != r.key() || len(answer.Items) > 0 {
			t.Fatalf("answer %+v", answer)
		}
		return outcome{stage: provider.Cause(said[2])}
	case !there || len(answer.Items) != 1:
		t.Fatalf("answer %+v", answer)
	case item.Error != "":
		reason, _, _ := strings.Cut(item.Error, ": ")
		return outcome{reason: provider.Reason(reason)}
	}
	value, ok := item.Value.(map[string]any)
	if !ok || value["verified"] != true {
		t.Fatalf("item %+v", item)
	}
	switch value["digest"] {
	case r.image.Descriptor.Digest.String():
		return outcome{reason: provider.Verified}
	case r.other.Descriptor.Digest.String():
		return outcome{reason: provider.Verified, other: true}
	}
	t.Fatalf("item %+v is about neither image", item)
	return outcome{}
}
