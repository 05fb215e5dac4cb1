package monitoring

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// exposed is what a real server exposes once it has verified, refused and left undecided, with a CA that has revocation lists.
func exposed(t *testing.T) string {
	t.Helper()
	w := rig.ForTest(t)
	up, down := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{})
	pki := w.NewPKI(rig.PKIOptions{CRL: true})
	good, unsigned := w.PushImage(up, "production/a", "1"), w.PushImage(up, "production/b", "1")
	w.Sign(good, rig.Signature{By: pki.Signer})
	undecided := w.PushImage(down, "production/c", "1")
	down.Inject(rig.Match{}, rig.Cut())
	trusted := w.Trust("*")
	trusted.Add("ca:skao-oci", pki.Root.Cert)
	p := w.Provider(rig.ProviderOptions{
		Binary: rig.Must(binaries.Command("notation-provider"))(t), Registries: []*rig.Registry{up, down}, Trust: trusted,
		Edit: func(c *config.Config) { c.Reload = config.Duration(50 * time.Millisecond) },
	})
	gatekeeper := p.GatekeeperClient()
	t.Cleanup(gatekeeper.Close)
	rig.Until(t, "the image is verified", func() bool {
		answer := rig.Must(gatekeeper.Validate(t.Context(), good.Tagged(), unsigned.Tagged(), undecided.Tagged()))(t)
		return answer.Items[good.Tagged()].Value != nil && answer.Items[unsigned.Tagged()].Error != "" && answer.SystemError != ""
	})
	rig.Until(t, "the files are looked at", func() bool {
		return rig.Must(p.Metric(t.Context(), `notation_provider_reloads_total{outcome="unchanged",source="trust"}`))(t) > 0
	})
	_, text, err := p.Admin(t.Context(), "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// families reads what Prometheus reads.
func families(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return rig.Must(parser.TextToMetricFamilies(io.Reader(strings.NewReader(text))))(t)
}

// described is what a family tells of itself, as the table has it. Labels are in the order of the alphabet.
func described(family *dto.MetricFamily) string {
	var labels []string
	for _, label := range family.GetMetric()[0].GetLabel() {
		labels = append(labels, label.GetName())
	}
	slices.Sort(labels)
	return fmt.Sprintf("%s %q: %s", strings.ToLower(family.GetType().String()), labels, family.GetHelp())
}

// A server exposes all metrics of the table and no others, each with the type, the labels and the help that the table has.
// promlint finds nothing in them.
func TestTheServerExposesTheTable(t *testing.T) {
	text := exposed(t)
	have, want := map[string]string{}, map[string]string{}
	for name, family := range families(t, text) {
		if strings.HasPrefix(name, "notation_provider_") {
			have[name] = described(family)
		}
	}
	for _, d := range metrics.Descriptions() {
		want[d.Name] = fmt.Sprintf("%s %q: %s", d.Type, slices.Sorted(slices.Values(d.Labels)), d.Help)
		if len(d.Labels) == 0 {
			want[d.Name] = fmt.Sprintf("%s %q: %s", d.Type, []string(nil), d.Help)
		}
	}
	if !maps.Equal(have, want) {
		for name := range want {
			if have[name] != want[name] {
				t.Errorf("%s\nis exposed as %s\nwant %s", name, have[name], want[name])
			}
		}
		for name := range have {
			if want[name] == "" {
				t.Errorf("%s is not in the table", name)
			}
		}
	}
	for _, line := range []string{ // what is read from other packages is theirs
		`notation_provider_verified_images{lapses_within="any"} 1`,
		`notation_provider_evidence_entries 1`,
		`notation_provider_cache_entries{kind="good",memory="verdicts"} 1`,
		`notation_provider_cache_entries{kind="refused",memory="verdicts"} 1`,
		`notation_provider_answer_within_seconds{path="/validate"} ` + fmt.Sprint(time.Duration(config.Default().AnswerWithin).Seconds()),
		`notation_provider_checks_in_flight_limit ` + fmt.Sprint(config.Default().Limits.Concurrent),
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
	for _, problem := range rig.Must(promlint.New(strings.NewReader(text)).Lint())(t) {
		if strings.HasPrefix(problem.Metric, "notation_provider_") {
			t.Errorf("promlint: %s: %s", problem.Metric, problem.Text)
		}
	}
}
