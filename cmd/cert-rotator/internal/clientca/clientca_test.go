package clientca_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/clientca"
)

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func newCA(t testing.TB) authority.Pair {
	t.Helper()
	ca, err := authority.NewCA(now, 100*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func bundles(pems ...[]byte) []clientca.Bundle {
	var all []clientca.Bundle
	for i, pem := range pems {
		all = append(all, clientca.Bundle{Webhook: string(rune('a' + i)), PEM: pem})
	}
	return all
}

// The CAs of all webhooks are wanted, each once.
func TestWanted(t *testing.T) {
	one, two := newCA(t), newCA(t)
	both := bytes.Join([][]byte{one.CertPEM, two.CertPEM}, nil)
	for _, c := range []struct {
		name    string
		bundles []clientca.Bundle
		want    int
	}{
		{"one webhook", bundles(one.CertPEM), 1},
		{"the same twice", bundles(one.CertPEM, one.CertPEM), 1},
		{"two", bundles(one.CertPEM, two.CertPEM), 2},
		{"two in one", bundles(both, one.CertPEM), 2},
		{"one still empty", bundles(nil, one.CertPEM, []byte(" \n")), 1},
	} {
		if wanted, err := clientca.Wanted(c.bundles); err != nil || len(wanted) != c.want || !wanted[0].Equal(one.Cert) {
			t.Errorf("%s: %d CAs, %v; want %d", c.name, len(wanted), err, c.want)
		}
	}
}

// What is no CA, or not readable as a whole, is an error: nothing of it is taken.
func TestWhatIsNotWanted(t *testing.T) {
	ca := newCA(t)
	leaf, err := ca.Issue(now, time.Hour, []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	var many []clientca.Bundle
	for range 17 {
		many = append(many, clientca.Bundle{Webhook: "m", PEM: newCA(t).CertPEM})
	}
	for _, c := range []struct {
		name    string
		bundles []clientca.Bundle
		says    string
	}{
		{"no webhooks", nil, "no webhook has a caBundle"},
		{"empty", bundles(nil, nil), "no webhook has a caBundle"},
		{"garbage", bundles(ca.CertPEM, []byte("garbage")), `the caBundle of webhook "b" cannot be taken`},
		{"half", bundles(ca.CertPEM[:200]), "cannot be taken"},
		{"one and a half", bundles(bytes.Join([][]byte{ca.CertPEM, ca.CertPEM[:200]}, nil)), "cannot be taken"},
		{"a key among them", bundles(bytes.Join([][]byte{ca.CertPEM, ca.KeyPEM}, nil)), "PRIVATE KEY"},
		{"no CA", bundles(leaf.CertPEM), `"CN=notation-provider" is not a CA`},
		{"more than we take", many, "17 CAs"},
	} {
		wanted, err := clientca.Wanted(c.bundles)
		if err == nil || wanted != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if errors.Is(err, clientca.ErrEmpty) != strings.Contains(c.says, "no webhook") {
			t.Errorf("%s: ErrEmpty: %v", c.name, err)
		}
	}
}

const overlap = time.Hour

func certs(pairs ...authority.Pair) []*x509.Certificate {
	var all []*x509.Certificate
	for _, p := range pairs {
		all = append(all, p.Cert)
	}
	return all
}

// holds checks which CAs the ConfigMap holds, in their order.
func holds(t *testing.T, what string, held clientca.Held, pairs ...authority.Pair) {
	t.Helper()
	if want := string(authority.PEM(certs(pairs...)...)); held.PEM != want {
		t.Errorf("%s: it holds %d certificates, want %d", what, strings.Count(held.PEM, "BEGIN"), len(pairs))
	}
}

// When Gatekeeper's CA changes, the old one stays for the overlap, and then goes.
func TestOverlap(t *testing.T) {
	one, two, three := newCA(t), newCA(t), newCA(t)
	held, after := clientca.Next(now, clientca.Held{}, certs(one), overlap)
	holds(t, "first", held, one)
	if after != 0 || held.Retiring != "" {
		t.Errorf("first: again after %s, retiring %q", after, held.Retiring)
	}
	held, after = clientca.Next(now, held, certs(two), overlap)
	holds(t, "changed", held, two, one)
	if after != overlap {
		t.Errorf("changed: again after %s", after)
	}
	held, after = clientca.Next(now.Add(20*time.Minute), held, certs(three), overlap)
	holds(t, "changed again", held, three, two, one)
	if after != 40*time.Minute {
		t.Errorf("changed again: again after %s", after)
	}
	held, _ = clientca.Next(now.Add(time.Hour), held, certs(three), overlap)
	holds(t, "the first is over", held, three, two)
	held, after = clientca.Next(now.Add(80*time.Minute), held, certs(three), overlap)
	holds(t, "the second is over", held, three)
	if after != 0 || held.Retiring != "" {
		t.Errorf("over: again after %s, retiring %q", after, held.Retiring)
	}
}

// What is decided once stays decided: asked again, nothing changes and no time begins again.
func TestSameAnswerTwice(t *testing.T) {
	one, two := newCA(t), newCA(t)
	held, _ := clientca.Next(now, clientca.Held{PEM: string(one.CertPEM)}, certs(two), overlap)
	again, after := clientca.Next(now.Add(59*time.Minute), held, certs(two), overlap)
	if again != held || after != time.Minute {
		t.Errorf("%+v became %+v, again after %s", held, again, after)
	}
}

// A CA that comes back no longer retires.
func TestComeback(t *testing.T) {
	one, two := newCA(t), newCA(t)
	held, _ := clientca.Next(now, clientca.Held{PEM: string(one.CertPEM)}, certs(two), overlap)
	held, _ = clientca.Next(now.Add(time.Minute), held, certs(one), overlap)
	holds(t, "back", held, one, two)
	held, _ = clientca.Next(now.Add(2*time.Hour), held, certs(one), overlap)
	holds(t, "over", held, one)
}

// What somebody wrote into the ConfigMap is replaced, and what expired does not stay.
func TestEditedConfigMap(t *testing.T) {
	one, two := newCA(t), newCA(t)
	held, _ := clientca.Next(now, clientca.Held{PEM: "garbage", Retiring: "garbage"}, certs(one), overlap)
	holds(t, "garbage", held, one)
	far := clientca.Held{PEM: string(two.CertPEM), Retiring: `{"` + authority.Fingerprint(two.Cert) + `":"2999-01-01T00:00:00Z"}`}
	held, after := clientca.Next(now, far, certs(one), overlap)
	holds(t, "far", held, one, two)
	if after != overlap {
		t.Errorf("a CA retires after %s, which is more than the overlap", after)
	}
	held, _ = clientca.Next(now.Add(200*time.Hour), clientca.Held{PEM: string(two.CertPEM)}, certs(one), overlap)
	holds(t, "expired", held, one)
}

// However often the CA changes, the ConfigMap stays small, and has what is wanted.
func TestConfigMapStaysSmall(t *testing.T) {
	var held clientca.Held
	for range 40 {
		wanted := newCA(t)
		held, _ = clientca.Next(now, held, certs(wanted), overlap)
		if !strings.HasPrefix(held.PEM, string(wanted.CertPEM)) || strings.Count(held.PEM, "BEGIN") > 16 {
			t.Fatalf("it holds %d certificates", strings.Count(held.PEM, "BEGIN"))
		}
	}
}
