package rig_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// serve answers every key with "yes" with the environment's TLS files, and returns its URL.
func serve(t *testing.T, files rig.ServerFiles) string {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	clientCA, err := os.ReadFile(files.ClientCAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(clientCA)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:  http.HandlerFunc(answerYes),
		ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{cert},
			ClientCAs:    pool,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			MinVersion:   tls.VersionTLS13,
		},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String()
}

func answerYes(w http.ResponseWriter, r *http.Request) {
	var request externaldata.ProviderRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.TLS.PeerCertificates[0].DNSNames[0] != rig.GatekeeperName {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	response := externaldata.ProviderResponse{Response: externaldata.Response{SystemError: "one is missing", Idempotent: true}}
	for _, key := range request.Request.Keys {
		response.Response.Items = append(response.Response.Items, externaldata.Item{Key: key, Value: "yes"})
	}
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(response)
}

func TestClientSpeaksAsGatekeeper(t *testing.T) {
	w := rig.ForTest(t)
	gatekeeper := w.GatekeeperClient(serve(t, w.WriteServerFiles()))
	for _, tc := range []struct {
		name string
		ask  func() (*rig.Answer, error)
	}{
		{"validate", func() (*rig.Answer, error) { return gatekeeper.Validate(t.Context(), "b", "a") }},
		{"mutate", func() (*rig.Answer, error) { return gatekeeper.Mutate(t.Context(), "b", "a") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, err := tc.ask()
			if err != nil {
				t.Fatal(err)
			}
			if answer.Status != http.StatusAccepted || answer.SystemError != "one is missing" || !answer.Idempotent {
				t.Errorf("answer %+v", answer)
			}
			if len(answer.Keys) != 2 || answer.Keys[0] != "b" || answer.Items["a"].Value != "yes" {
				t.Errorf("items %+v in order %q", answer.Items, answer.Keys)
			}
		})
	}
}

func TestOtherClientsAreRefused(t *testing.T) {
	w := rig.ForTest(t)
	url := serve(t, w.WriteServerFiles())
	friend := w.GatekeeperClient(url)
	if _, err := friend.Validate(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	stranger := w.GatekeeperClient(url)
	id, err := w.ServerCA.Peer(ca.Options{DNSNames: []string{rig.GatekeeperName}})
	if err != nil {
		t.Fatal(err)
	}
	stranger.Client = id
	if answer, err := stranger.Validate(t.Context(), "a"); err == nil {
		t.Errorf("a client of another CA was answered: %+v", answer)
	}
}
