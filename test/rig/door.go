package rig

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// DoorFiles are the files that a provider's door needs.
type DoorFiles struct {
	CertFile, KeyFile string // the serving certificate with its chain, and its key
	ClientCAFile      string // who vouches for Gatekeeper
}

// WriteDoor writes tls.crt, tls.key and ca.crt into dir, over any that were there.
func (w *Env) WriteDoor(dir string) (DoorFiles, error) {
	files := DoorFiles{
		CertFile:     filepath.Join(dir, "tls.crt"),
		KeyFile:      filepath.Join(dir, "tls.key"),
		ClientCAFile: filepath.Join(dir, "ca.crt"),
	}
	key, err := ca.EncodeKey(w.Door.Key)
	if err != nil {
		return DoorFiles{}, err
	}
	for path, content := range map[string][]byte{
		files.CertFile:     ca.EncodeCertificates(w.Door.Chain...),
		files.KeyFile:      key,
		files.ClientCAFile: ca.EncodeCertificates(w.GatekeeperCA.Cert),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return DoorFiles{}, fmt.Errorf("writing the door's files: %w", err)
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
