//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// file is one of a volume that is made of the API's objects.
type file struct {
	data  []byte
	mode  os.FileMode
	owner int // user
}

// volumeSource is the folder of a volume, and whether kubelets mount such a volume read-only.
func (p *pod) volumeSource(name string) (folder string, readOnly bool, err error) {
	for _, v := range p.object().Spec.Volumes {
		if v.Name == name {
			return filepath.Join(p.dir, "volumes", name), v.EmptyDir == nil, nil
		}
	}
	return "", false, fmt.Errorf("no volume %q", name)
}

// writeVolumes makes all volumes, or brings them up to date.
func (p *pod) writeVolumes(ctx context.Context) error {
	object := p.object()
	for i := range object.Spec.Volumes {
		if err := p.writeVolume(ctx, object, &object.Spec.Volumes[i]); err != nil {
			return fmt.Errorf("volume %q: %w", object.Spec.Volumes[i].Name, err)
		}
	}
	return nil
}

func (p *pod) writeVolume(ctx context.Context, object *corev1.Pod, v *corev1.Volume) error {
	folder := filepath.Join(p.dir, "volumes", v.Name)
	group := -1
	if s := object.Spec.SecurityContext; s != nil && s.FSGroup != nil && !OneUser() {
		group = int(*s.FSGroup)
	}
	if v.EmptyDir != nil {
		return makeEmptyDir(folder, group)
	}
	files, err := p.content(ctx, object, v)
	if err != nil {
		return err
	}
	return swapIn(folder, files, group)
}

func makeEmptyDir(folder string, group int) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o777)
	if group >= 0 {
		if err := os.Chown(folder, -1, group); err != nil {
			return err
		}
		mode |= os.ModeSetgid
	}
	return os.Chmod(folder, mode)
}

// refreshVolumes keeps up with the API's objects. What cannot be read stays as it was, as with a kubelet.
func (p *pod) refreshVolumes(ctx context.Context) {
	tick := time.NewTicker(p.agent.c.options.VolumeDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if isClosed(p.stopping) {
			continue // what belongs to it may be gone before it
		}
		object := p.object()
		for i := range object.Spec.Volumes {
			if err := p.writeVolume(ctx, object, &object.Spec.Volumes[i]); err != nil && ctx.Err() == nil {
				p.agent.c.say("pod %s/%s: volume %q stays as it is: %v", object.Namespace, object.Name, object.Spec.Volumes[i].Name, err)
			}
		}
	}
}

// content is what the files of a volume hold.
func (p *pod) content(ctx context.Context, object *corev1.Pod, v *corev1.Volume) (map[string]file, error) {
	s := projection{pod: p, object: object}
	switch {
	case v.Secret != nil:
		s.mode = v.Secret.DefaultMode
		return s.secret(ctx, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional)
	case v.ConfigMap != nil:
		s.mode = v.ConfigMap.DefaultMode
		return s.configMap(ctx, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	case v.DownwardAPI != nil:
		s.mode = v.DownwardAPI.DefaultMode
		return s.downward(v.DownwardAPI.Items)
	case v.Projected != nil:
		s.mode = v.Projected.DefaultMode
		return s.all(ctx, v.Projected.Sources)
	}
	return nil, fmt.Errorf("only secret, configMap, downwardAPI, projected and emptyDir are supported")
}

// projection turns objects into files.
type projection struct {
	pod    *pod
	object *corev1.Pod
	mode   *int32 // of files that say none
}

func (s projection) all(ctx context.Context, sources []corev1.VolumeProjection) (map[string]file, error) {
	all := map[string]file{}
	for _, source := range sources {
		var files map[string]file
		var err error
		switch {
		case source.Secret != nil:
			files, err = s.secret(ctx, source.Secret.Name, source.Secret.Items, source.Secret.Optional)
		case source.ConfigMap != nil:
			files, err = s.configMap(ctx, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
		case source.DownwardAPI != nil:
			files, err = s.downward(source.DownwardAPI.Items)
		case source.ServiceAccountToken != nil:
			files, err = s.token(ctx, source.ServiceAccountToken)
		default:
			err = fmt.Errorf("projected source %+v is not supported", source)
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

func (s projection) secret(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string]file, error) {
	var object corev1.Secret
	if err := s.pod.agent.known.Get(ctx, client.ObjectKey{Namespace: s.object.Namespace, Name: name}, &object); err != nil && !isOptional(err, optional) {
		return nil, err
	}
	return s.files("Secret", name, object.Data, items, optional)
}

func (s projection) configMap(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string]file, error) {
	var object corev1.ConfigMap
	if err := s.pod.agent.known.Get(ctx, client.ObjectKey{Namespace: s.object.Namespace, Name: name}, &object); err != nil && !isOptional(err, optional) {
		return nil, err
	}
	data := map[string][]byte{}
	maps.Copy(data, object.BinaryData)
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	return s.files("ConfigMap", name, data, items, optional)
}

// files takes all keys, or only the items; a missing one is an error unless optional.
func (s projection) files(kind, name string, data map[string][]byte, items []corev1.KeyToPath, optional *bool) (map[string]file, error) {
	files := map[string]file{}
	if len(items) == 0 {
		for key, value := range data {
			files[key] = file{data: value, mode: s.modeOf(nil)}
		}
		return files, nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if err := missingKey(ok, optional, kind, name, item.Key); err != nil {
			return nil, err
		}
		if ok {
			files[item.Path] = file{data: value, mode: s.modeOf(item.Mode)}
		}
	}
	return files, nil
}

// modeOf is 0644 where nothing is said.
func (s projection) modeOf(own *int32) os.FileMode {
	return os.FileMode(pick(own, s.mode, 0o644)) & 0o777
}
