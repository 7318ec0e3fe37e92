package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints revision, time of the commit, compiler and platform.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "unireg", revision(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return err
}

// builtFrom is the revision where the build cannot see the repository: images
// set it by -ldflags.
var builtFrom string

// revision is what was built: the commit and whether it was changed.
func revision() string {
	if builtFrom != "" {
		return builtFrom
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	values := map[string]string{}
	for _, s := range info.Settings {
		values[s.Key] = s.Value
	}
	commit := values["vcs.revision"]
	if commit == "" {
		return info.Main.Version
	}
	text := commit[:min(12, len(commit))] + " (" + values["vcs.time"] + ")"
	if values["vcs.modified"] == "true" {
		text += " modified"
	}
	return text
}
