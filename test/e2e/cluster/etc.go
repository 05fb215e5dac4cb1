//go:build e2e

package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
)

// writeEtc writes the files that a kubelet puts into /etc.
func (p *pod) writeEtc(object *corev1.Pod) error {
	hosts := "127.0.0.1\tlocalhost\n::1\tlocalhost\n" + p.ip + "\t" + hostname(object) + "\n"
	for _, alias := range object.Spec.HostAliases {
		for _, name := range alias.Hostnames {
			hosts += alias.IP + "\t" + name + "\n"
		}
	}
	files := map[string]string{"hosts": hosts, "hostname": hostname(object) + "\n", "resolv.conf": resolvConf(object.Namespace)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing /etc/%s: %w", name, err)
		}
	}
	return nil
}

func hostname(object *corev1.Pod) string {
	name := object.Spec.Hostname
	if name == "" {
		name = object.Name
	}
	return name[:min(len(name), 63)]
}
