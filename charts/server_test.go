package charts

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/v1beta1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The bundle's values.yaml is given as it is, after each example.
func TestTheServerTakesWhatTheChartMounts(t *testing.T) {
	for name, args := range examples(t) {
		n := newNode(t, nil)
		o := render(t, append([]string{"--values", n.bundled()}, args...)...)
		data := n.data
		n = newNode(t, o)
		n.data["notation-provider-trust"] = data["notation-provider-trust"]
		n.mount(o)
		file := filepath.Join(n.root, "etc/notation-provider/config/config.yaml")
		if _, err := config.Load(file); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		check := exec.CommandContext(t.Context(), rig.Must(binaries.Command("notation-provider"))(t), "check", "--config", file)
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, said)
		}
	}
}

// The server's configuration is made of the values and of what the chart itself knows, such as its addresses.
func TestRenderedConfiguration(t *testing.T) {
	o := render(t, "--values", chart+"/examples/private-registry.yaml", "--set", "config.dockerConfigs[0]=/mine.json,config.reload=3s,gatekeeper.namespace=gk")
	c := rig.Must(config.Parse([]byte(get[corev1.ConfigMap](t, o, "ConfigMap", release).Data["config.yaml"])))(t)
	want := config.Default()
	want.TLS = config.TLS{
		CertFile: "/etc/notation-provider/tls/tls.crt", KeyFile: "/etc/notation-provider/tls/tls.key", ClientCAFile: "/etc/notation-provider/client-ca/ca.crt",
		ClientNames: []string{"gatekeeper-webhook-service.gk.svc"},
	}
	want.Trust = config.Trust{PolicyFile: "/etc/notation-provider/trust/trustpolicy.json", StoreDir: "/etc/notation-provider/trust/truststore"}
	want.Reload = config.Duration(3 * time.Second)
	want.DockerConfigs = []string{"/etc/notation-provider/docker/0/config.json", "/mine.json"}
	want.Registries = []config.Registry{{
		Host: "registry.example.org:5000", Storage: []string{"storage.example.org"}, CAFile: "/etc/notation-provider/registry-ca/registry.example.org_5000.pem", Referrers: config.ReferrersAuto,
	}}
	want.Egress.Allow = []string{"pki.example.org"}
	if got, want := string(rig.Must(yaml.Marshal(c))(t)), string(rig.Must(yaml.Marshal(want))(t)); got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}

func TestTheMemoryLimitLeavesRoom(t *testing.T) {
	for _, tc := range []struct{ limit, want string }{{"256Mi", "200MiB"}, {"1Gi", "800MiB"}, {"512M", "381MiB"}, {"300000Ki", "228MiB"}, {"2147483648", "1600MiB"}, {"null", ""}} {
		got := ""
		for _, env := range get[appsv1.Deployment](t, render(t, "--set", "resources.limits.memory="+tc.limit), "Deployment", release).Spec.Template.Spec.Containers[0].Env {
			got = env.Value
		}
		if got != tc.want {
			t.Errorf("of %s GOMEMLIMIT is %q, want %q", tc.limit, got, tc.want)
		}
	}
	refused(t, "resources.limits.memory: \"1Ti\" is not understood", "--set", "resources.limits.memory=1Ti")
}

// Gatekeeper refuses a Provider without a certificate: this one vouches for nothing.
func TestThePlaceholderVouchesForNothing(t *testing.T) {
	for _, name := range []string{release, "notation-provider-mutate"} {
		bundle := rig.Must(base64.StdEncoding.DecodeString(get[v1beta1.Provider](t, render(t), "Provider", name).Spec.CABundle))(t)
		block, rest := pem.Decode(bundle)
		cert := rig.Must(x509.ParseCertificate(block.Bytes))(t)
		if cert.NotAfter.Year() != 1971 || len(strings.TrimSpace(string(rest))) > 0 {
			t.Errorf("%s trusts %s until %s", name, cert.Subject, cert.NotAfter)
		}
	}
}
