//go:build !windows

package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// registered says whether the file that starts the program is there.
func (p Plan) registered() (bool, error) {
	contents, err := os.ReadFile(p.Startup)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look what starts at login: %w", err)
	}
	return string(contents) == p.Contents, nil
}

// register has the program started at login.
func (p Plan) register() error {
	if err := os.MkdirAll(filepath.Dir(p.Startup), 0o755); err != nil { //nolint:gosec // the desktop's folder, as it makes it itself
		return fmt.Errorf("register the start at login: %w", err)
	}
	if err := os.WriteFile(p.Startup, []byte(p.Contents), 0o644); err != nil { //nolint:gosec // no secret; launchd and desktops read it
		return fmt.Errorf("register the start at login: %w", err)
	}
	return nil
}

// unregister takes it back.
func (p Plan) unregister() error {
	if err := os.Remove(p.Startup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take back the start at login: %w", err)
	}
	return nil
}
