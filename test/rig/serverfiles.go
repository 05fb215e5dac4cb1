package rig

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// ServerFiles are the TLS files of a provider.
type ServerFiles struct {
	CertFile, KeyFile string // the serving certificate with its chain, and its key
	ClientCAFile      string // the CAs of client certificates
}

// serverFilesIn are those that WriteServerFiles writes into dir.
func serverFilesIn(dir string) ServerFiles {
	return ServerFiles{
		CertFile:     filepath.Join(dir, "tls.crt"),
		KeyFile:      filepath.Join(dir, "tls.key"),
		ClientCAFile: filepath.Join(dir, "ca.crt"),
	}
}

// WriteServerFiles writes tls.crt, tls.key and ca.crt into dir, over any that were there.
func (w *Env) WriteServerFiles(dir string) (ServerFiles, error) {
	files := serverFilesIn(dir)
	key, err := ca.EncodeKey(w.ServerCert.Key)
	if err != nil {
		return ServerFiles{}, err
	}
	for path, content := range map[string][]byte{
		files.CertFile:     ca.EncodeCertificates(w.ServerCert.Chain...),
		files.KeyFile:      key,
		files.ClientCAFile: ca.EncodeCertificates(w.ClientCA.Cert),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return ServerFiles{}, fmt.Errorf("writing the server's files: %w", err)
		}
	}
	return files, nil
}

// WriteDockerConfig writes the accounts of the registries that have one, as docker login would into its config.json.
func WriteDockerConfig(path string, registries ...*Registry) error {
	type entry struct {
		Auth string `json:"auth"`
	}
	auths := map[string]entry{}
	for _, r := range registries {
		if r.Username != "" {
			auths[r.Host] = entry{base64.StdEncoding.EncodeToString([]byte(r.Username + ":" + r.Password))}
		}
	}
	encoded, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return fmt.Errorf("encoding credentials: %w", err)
	}
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		return fmt.Errorf("writing credentials: %w", err)
	}
	return nil
}
