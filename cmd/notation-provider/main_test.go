package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli/clitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"notation-provider": func() { os.Exit(run()) }, "public-roots": rig.PrintPublicRoots})
}

// TestScripts runs testdata/script: the command as people type it. Each script has
// a folder good/ with everything that a server needs, and these commands:
//
//	exits CODE COMMAND…     the command ends with exactly this code
//	edit FILE OLD NEW       replaces the text, which must be there
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("VERSION", version.Number)
			return writeGood(filepath.Join(env.WorkDir, "good"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": clitest.Exits, "edit": edit},
	})
}

func edit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

const goodConfig = `listen: "127.0.0.1:0"
adminListen: "127.0.0.1:0"
tls: {certFile: tls.crt, keyFile: tls.key, clientCAFile: ca.crt}
registries: [{host: "127.0.0.1:1", plainHTTPUnsafe: true}]
`

const goodPolicy = `{"version": "1.0", "trustPolicies": [{
  "name": "skao",
  "registryScopes": ["harbor.skao.int/production/*", "127.0.0.1:1/*"],
  "signatureVerification": {"level": "strict"},
  "trustStores": ["ca:skao-oci", "tsa:stamps"],
  "trustedIdentities": ["x509.subject: C=GB,ST=England,O=SKAO,CN=SKAO OCI Signer"]
}]}
`

// writeGood writes a configuration with nothing to warn of but plain HTTP, and all
// that it names.
func writeGood(dir string) error {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		return err
	}
	server, err := root.Server(ca.Options{DNSNames: []string{"localhost", "notation-provider.notation-provider.svc"}})
	if err != nil {
		return err
	}
	key, err := ca.EncodeKey(server.Key)
	if err != nil {
		return err
	}
	certificate := ca.EncodeCertificates(root.Cert)
	for _, tc := range []struct {
		name    string
		content []byte
	}{
		{"config.yaml", []byte(goodConfig)},
		{"trustpolicy.json", []byte(goodPolicy)},
		{"tls.crt", ca.EncodeCertificates(server.Chain...)},
		{"tls.key", key},
		{"ca.crt", certificate},
		{"truststore/x509/ca/skao-oci/root.pem", certificate},
		{"truststore/x509/tsa/stamps/root.pem", certificate},
	} {
		path := filepath.Join(dir, tc.name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, tc.content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// goodSource is a configuration that was loaded from a good folder of the test's own.
func goodSource(t *testing.T) source {
	t.Helper()
	dir := t.TempDir()
	expect.OK(t, writeGood(dir))
	file := filepath.Join(dir, "config.yaml")
	return source{file: file, config: expect.Must(config.Load(file))(t), level: &slog.LevelVar{}, boundMemory: func(config.Cache) {}}
}

// Each verb's help has its exit codes and examples, in at most 100 columns.
func TestHelp(t *testing.T) { clitest.Help(t, newRoot) }
