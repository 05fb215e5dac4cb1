package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// maxConfigMap is what Kubernetes stores of a ConfigMap, in bytes.
const maxConfigMap = 1 << 20

// values are the chart's values that mount the ConfigMap: each key at its path, since keys cannot hold slashes.
type values struct {
	Trust struct {
		ConfigMap struct {
			Name  string             `json:"name"`
			Items []corev1.KeyToPath `json:"items"`
		} `json:"configMap"`
	} `json:"trust"`
}

// addKubernetes adds the ConfigMap that holds the other files, and the values.
func (t *Trust) addKubernetes(files map[string][]byte) error {
	cm := corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: t.ConfigMap, Namespace: t.Namespace},
		Data:       map[string]string{},
	}
	var v values
	v.Trust.ConfigMap.Name = t.ConfigMap
	size := 0
	for _, file := range slices.Sorted(maps.Keys(files)) {
		key := configMapKey(file)
		if wrong := validation.IsConfigMapKey(key); len(wrong) > 0 {
			return fmt.Errorf("%q cannot be a key of the ConfigMap (%s): rename the file", key, strings.Join(wrong, "; "))
		}
		if _, taken := cm.Data[key]; taken {
			return fmt.Errorf("the ConfigMap would have two files under %q, and one would take the other's place: rename one, or name stores without dots", key)
		}
		cm.Data[key] = string(files[file])
		v.Trust.ConfigMap.Items = append(v.Trust.ConfigMap.Items, corev1.KeyToPath{Key: key, Path: file})
		size += len(key) + len(files[file])
	}
	if size > maxConfigMap {
		return fmt.Errorf("the ConfigMap would hold %d bytes, and Kubernetes stores %d", size, maxConfigMap)
	}
	return addYAML(files, map[string]any{"kubernetes/configmap.yaml": cm, "kubernetes/values.yaml": v})
}

// configMapKey names a file by what a key may hold: letters, digits, dashes, underscores and dots.
func configMapKey(file string) string {
	return strings.ReplaceAll(strings.TrimPrefix(file, "truststore/x509/"), "/", ".")
}

func addYAML(files map[string][]byte, documents map[string]any) error {
	for name, document := range documents {
		text, err := yaml.Marshal(document)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		files[name] = text
	}
	return nil
}
