package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is the user PostgreSQL runs as. PostgreSQL refuses to run as root, so a stack started by root lends its
// server another user; anyone else's stack runs all of it as that person.
type identity struct {
	uid, gid uint32
	name     string
	switched bool // the stack is root and children take this identity on
}

// postgresIdentity chooses the identity for the cluster at dir: its owner if it exists, otherwise the user
// "postgres" where there is one and "nobody" where not. initdb wants a user that the password file knows.
func postgresIdentity(dir string) (identity, error) {
	self := identity{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	owner, err := ownerOf(dir)
	exists := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return identity{}, fmt.Errorf("find the owner of %s: %w", dir, err)
	}
	if self.uid != 0 {
		if exists && owner != self.uid {
			return identity{}, fmt.Errorf("%s belongs to user id %d: start the stack as that user", dir, owner)
		}
		return self, nil
	}
	if exists && owner != 0 {
		return lookupIdentity(user.LookupId, strconv.FormatUint(uint64(owner), 10))
	}
	for _, name := range []string{"postgres", "nobody"} {
		if id, err := lookupIdentity(user.Lookup, name); err == nil {
			return id, nil
		}
	}
	return identity{}, errors.New("PostgreSQL refuses to run as root, and this system has neither a user postgres nor nobody")
}

func lookupIdentity(lookup func(string) (*user.User, error), key string) (identity, error) {
	found, err := lookup(key)
	if err != nil {
		return identity{}, fmt.Errorf("look up user %s: %w", key, err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return identity{}, fmt.Errorf("user %s: %w", key, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return identity{}, fmt.Errorf("user %s: %w", key, err)
	}
	return identity{uid: uint32(uid), gid: uint32(gid), name: found.Username, switched: true}, nil
}

// ownerOf returns the user id that owns path.
func ownerOf(path string) (uint32, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("%s: no owner known", path)
	}
	return stat.Uid, nil
}

// assume makes cmd run as the identity.
func (id identity) assume(cmd *exec.Cmd) {
	if id.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id.uid, Gid: id.gid}
	}
}

// own gives path to the identity.
func (id identity) own(path string) error {
	if !id.switched {
		return nil
	}
	return os.Chown(path, int(id.uid), int(id.gid))
}

// reaches reports whether the identity may pass through every directory above path, and through path itself.
func (id identity) reaches(path string) bool {
	if !id.switched {
		return true
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil || !id.mayPass(info) {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
}

func (id identity) mayPass(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case stat.Uid == id.uid:
		return mode&0o100 != 0
	case stat.Gid == id.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
