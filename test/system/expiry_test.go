package system

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// expiryRow is a certificate as both commands tell it.
type expiryRow struct {
	Subject  string    `json:"subject"`
	NotAfter time.Time `json:"notAfter"`
	DaysLeft int       `json:"daysLeft"`
}

func (r expiryRow) String() string {
	return fmt.Sprintf("%s ends %s, days left %d", r.Subject, r.NotAfter, r.DaysLeft)
}

// told is the part of either command's JSON that they share.
type told struct {
	Certificates []expiryRow `json:"certificates"`
}

// The hours keep the days the same while the test runs.
func endings() map[string]time.Duration {
	const day = 24 * time.Hour
	return map[string]time.Duration{
		"soon":      10*day + 23*time.Hour,
		"today":     12 * time.Hour,
		"yesterday": -12 * time.Hour,
		"long ago":  -3*day - 12*time.Hour,
	}
}

func TestInspectCheckAndMetricTellTheSameEnd(t *testing.T) {
	w := rig.ForTest(t)
	trust := w.Trust("*")
	trust.Add("tsa:stamps", w.TSA.Root())
	for name, left := range endings() {
		trust.Add("ca:"+strings.ReplaceAll(name, " ", "-"), ending(t, name, left))
	}
	server := rig.Must(binaries.Command("notation-provider"))(t)
	command := rig.Must(binaries.Command("notation-pki"))(t)
	running := w.Provider(rig.ProviderOptions{Binary: server, Trust: trust})

	checked := certificates(t, server, "check", "-o", "json", "--config", filepath.Join(running.Dir, "config.yaml"))
	if want := len(endings()) + 4; len(checked) != want {
		t.Fatalf("check tells of %d certificates, want %d: %v", len(checked), want, checked)
	}
	inspected := certificates(t, command, "inspect", "-o", "json", running.Dir)
	// inspect tells of the whole chain that is served, and the server of its leaf.
	inspected = slices.DeleteFunc(inspected, func(r expiryRow) bool { return r.Subject == w.ServerCA.Cert.Subject.String() })
	if !slices.Equal(inspected, checked) {
		t.Errorf("inspect tells\n%v\ncheck tells\n%v", inspected, checked)
	}
	if measured := scrape(t, running); !slices.Equal(measured, seconds(checked)) {
		t.Errorf("the metric tells\n%q\ncheck tells\n%q", measured, seconds(checked))
	}
}

// ending is a root that ends some time from now.
func ending(t *testing.T, name string, left time.Duration) *x509.Certificate {
	t.Helper()
	now := time.Now()
	options := ca.Options{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.Add(left)}
	options.Subject.Country, options.Subject.Province = []string{"GB"}, []string{"England"}
	options.Subject.Organization, options.Subject.CommonName = []string{"SKAO"}, name
	root, err := ca.NewRoot(options)
	if err != nil {
		t.Fatal(err)
	}
	return root.Cert
}

// certificates runs a command and reads the certificates it tells of.
func certificates(t *testing.T, binary string, args ...string) []expiryRow {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, args...).Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", filepath.Base(binary), args, err, out)
	}
	var answer told
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return sorted(answer.Certificates)
}

func sorted(rows []expiryRow) []expiryRow {
	slices.SortFunc(rows, func(a, b expiryRow) int { return cmp.Compare(a.Subject, b.Subject) })
	return rows
}

// seconds are the ends as the metric has them.
func seconds(rows []expiryRow) []string {
	var all []string
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %d", r.Subject, r.NotAfter.Unix()))
	}
	return all
}

// scrape reads the metric. Prometheus writes large numbers with an exponent.
func scrape(t *testing.T, running *rig.Provider) []string {
	t.Helper()
	_, text, err := running.Admin(t.Context(), "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	line := regexp.MustCompile(`(?m)^notation_provider_certificate_expiry_timestamp_seconds\{.*subject="([^"]*)".*\} (\S+)$`)
	for _, found := range line.FindAllStringSubmatch(text, -1) {
		value, ok := new(big.Float).SetString(found[2])
		if !ok {
			t.Fatalf("no number: %q", found[0])
		}
		whole, _ := value.Int64()
		all = append(all, fmt.Sprintf("%s %d", found[1], whole))
	}
	slices.Sort(all)
	return all
}
