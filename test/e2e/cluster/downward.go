//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (s projection) downward(items []corev1.DownwardAPIVolumeFile) (map[string]file, error) {
	files := map[string]file{}
	for _, item := range items {
		var value string
		var err error
		if item.FieldRef != nil {
			value, err = s.pod.field(item.FieldRef.FieldPath)
		} else if item.ResourceFieldRef != nil {
			value, err = s.pod.resourceField(item.ResourceFieldRef, nil)
		}
		if err != nil {
			return nil, err
		}
		files[item.Path] = file{data: []byte(value), mode: s.modeOf(item.Mode)}
	}
	return files, nil
}

// field is what the path of a field selector refers to.
func (p *pod) field(path string) (string, error) {
	object := p.object()
	if kind, key, ok := strings.Cut(path, "['"); ok {
		key = strings.TrimSuffix(key, "']")
		switch kind {
		case "metadata.labels":
			return object.Labels[key], nil
		case "metadata.annotations":
			return object.Annotations[key], nil
		}
	}
	switch path {
	case "metadata.name":
		return object.Name, nil
	case "metadata.namespace":
		return object.Namespace, nil
	case "metadata.uid":
		return string(object.UID), nil
	case "metadata.labels":
		return lines(object.Labels), nil
	case "metadata.annotations":
		return lines(object.Annotations), nil
	case "spec.nodeName":
		return object.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return object.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return nodeIP(object.Spec.NodeName), nil
	case "status.podIP", "status.podIPs":
		return p.ip, nil
	}
	return "", fmt.Errorf("field %q is not supported", path)
}

// lines writes a map as the kubelet does in files: NAME="value".
func lines(values map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, fmt.Sprintf("%s=%q", name, values[name]))
	}
	return strings.Join(all, "\n")
}

// token is one for the pod's service account, asked for again when four fifths of its life are over.
func (s projection) token(ctx context.Context, source *corev1.ServiceAccountTokenProjection) (map[string]file, error) {
	key := source.Path + "\x00" + source.Audience
	made, ok := s.pod.tokens[key]
	if !ok || time.Now().After(made.renew) {
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: source.ExpirationSeconds,
			BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: s.object.Name, UID: s.object.UID},
		}}
		if source.Audience != "" {
			request.Spec.Audiences = []string{source.Audience}
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.object.Namespace, Name: s.object.Spec.ServiceAccountName}}
		if err := s.pod.agent.api.SubResource("token").Create(ctx, account, request); err != nil {
			return nil, fmt.Errorf("a token of ServiceAccount %q: %w", account.Name, err)
		}
		life := time.Until(request.Status.ExpirationTimestamp.Time)
		made = token{value: request.Status.Token, renew: time.Now().Add(life * 4 / 5)}
		s.pod.tokens[key] = made
	}
	f := file{data: []byte(made.value), mode: s.modeOf(nil)}
	if user, ok := onlyUser(s.object); ok && !OneUser() {
		f.mode, f.owner = 0o600, user
	}
	return map[string]file{source.Path: f}, nil
}

// token is what the API server issued.
type token struct {
	value string
	renew time.Time
}

// onlyUser is the user of all containers, where it is one. A token is for that user's eyes only.
func onlyUser(object *corev1.Pod) (int, bool) {
	users := map[int64]bool{}
	for _, list := range [][]corev1.Container{object.Spec.InitContainers, object.Spec.Containers} {
		for i := range list {
			user := int64(-1)
			if s := object.Spec.SecurityContext; s != nil {
				user = pick(s.RunAsUser, nil, user)
			}
			if s := list[i].SecurityContext; s != nil {
				user = pick(s.RunAsUser, nil, user)
			}
			users[user] = true
		}
	}
	for user := range users {
		return int(user), len(users) == 1 && user >= 0
	}
	return 0, false
}
