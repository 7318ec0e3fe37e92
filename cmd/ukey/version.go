package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints revision, compiler and platform.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "ukey", revision(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return err
}

// builtFrom is the revision where the build cannot see the repository: set by
// -ldflags.
var builtFrom string

// revision is what was built.
func revision() string {
	if builtFrom != "" {
		return builtFrom
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && s.Value != "" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
