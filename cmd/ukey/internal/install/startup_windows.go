package install

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// run is the key of the user's programs that start at login.
const run = `Software\Microsoft\Windows\CurrentVersion\Run`

// registered says whether the Run key starts the program.
func (p Plan) registered() (found bool, err error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, run, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look what starts at login: %w", err)
	}
	defer func() { err = errors.Join(err, key.Close()) }()
	value, _, err := key.GetStringValue(p.Startup)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look what starts at login: %w", err)
	}
	return value == p.Contents, nil
}

// register has the program started at login.
func (p Plan) register() (err error) {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, run, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("register the start at login: %w", err)
	}
	defer func() { err = errors.Join(err, key.Close()) }()
	if err := key.SetStringValue(p.Startup, p.Contents); err != nil {
		return fmt.Errorf("register the start at login: %w", err)
	}
	return nil
}

// unregister takes it back.
func (p Plan) unregister() (err error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, run, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take back the start at login: %w", err)
	}
	defer func() { err = errors.Join(err, key.Close()) }()
	if err := key.DeleteValue(p.Startup); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("take back the start at login: %w", err)
	}
	return nil
}
