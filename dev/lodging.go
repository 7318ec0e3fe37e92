package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lodgings holds what root's PostgreSQL user cannot reach where it is: programs below /root, say, or the cluster of a
// stack whose directory lies there. Opening such a directory to others is not ours to do, so the cluster lodges here
// and a link stands in its place. Deleting the stack's directory leaves the lodging behind.
//
// A cluster of a temporary directory — Go's tests get private ones — lodges in /tmp instead, and later stacks remove
// it once the link is gone.
const (
	lodgings         = "/var/lib/unireg-dev"
	temporaryLodging = "unireg-postgres-"
	tenantFile       = "belongs-to" // holds the path of the link
)

// lodge makes a lodging for the cluster whose place is link, and puts the link there.
func lodge(id identity, link string) (string, error) {
	root, pattern := lodgings, "postgres-data-"
	if temporaryRoot := "/tmp"; isBelow(link, temporaryRoot) || isBelow(link, os.TempDir()) {
		root, pattern = temporaryRoot, temporaryLodging
		if err := sweepLodgings(root); err != nil {
			return "", err
		}
	} else if err := os.MkdirAll(root, 0o755); err != nil { //nolint:gosec // traversable on purpose
		return "", err
	}
	lodging, err := os.MkdirTemp(root, pattern)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(lodging, 0o711); err != nil { //nolint:gosec // traversable on purpose
		return "", err
	}
	if !id.reaches(lodging) {
		return "", errors.Join(os.Remove(lodging),
			fmt.Errorf("user %s, who runs PostgreSQL for root, can reach neither %s nor %s", id.name, filepath.Dir(link), root))
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.Symlink(filepath.Join(lodging, "postgres"), link); err != nil {
		return "", err
	}
	// Last, because a lodging that names a tenant without a link is swept.
	return lodging, os.WriteFile(filepath.Join(lodging, tenantFile), []byte(link), 0o600)
}

// isBelow reports whether path lies in dir, whatever links lead there.
func isBelow(path, dir string) bool {
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return false
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return false
	}
	return strings.HasPrefix(parent+string(filepath.Separator), dir+string(filepath.Separator))
}

// sweepLodgings removes the temporary lodgings below root that no link leads to and no server works in.
func sweepLodgings(root string) error {
	found, err := filepath.Glob(filepath.Join(root, temporaryLodging+"*"))
	if err != nil {
		return err
	}
	for _, lodging := range found {
		link, err := os.ReadFile(filepath.Join(lodging, tenantFile))
		if err != nil {
			continue
		}
		cluster := filepath.Join(lodging, "postgres")
		if target, err := os.Readlink(string(link)); err == nil && target == cluster {
			continue
		}
		if pid, err := readPostmaster(cluster); err == nil && serves(pid, cluster) {
			continue
		}
		if err := os.RemoveAll(lodging); err != nil {
			return fmt.Errorf("remove the data of a stack that is gone: %w", err)
		}
	}
	return nil
}

// copyBinaries copies the installation that dir belongs to below lodgings, once per build of the server, and
// returns the copy's directory of programs.
func copyBinaries(dir string, id identity) (string, error) {
	sum, err := fileSum(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", err
	}
	target := filepath.Join(lodgings, "postgres-"+sum[:12])
	if _, err := os.Stat(target); err == nil {
		return filepath.Join(target, "bin"), nil
	}
	if err := os.MkdirAll(lodgings, 0o755); err != nil { //nolint:gosec // traversable on purpose
		return "", err
	}
	partial, err := os.MkdirTemp(lodgings, "copying-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	if err := os.CopyFS(filepath.Join(partial, "native"), os.DirFS(filepath.Dir(dir))); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(partial, "native"), target); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if !id.reaches(target) {
		return "", fmt.Errorf("%s is not open to other users", lodgings)
	}
	return filepath.Join(target, "bin"), nil
}
