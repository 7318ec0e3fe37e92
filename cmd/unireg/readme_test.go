package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// commandsIn are the commands of the product that a text names, each by its
// words. "staff add/edit" names two.
func commandsIn(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range regexp.MustCompile("`(?:bin/)?unireg ([a-z][a-z-]*(?: [a-z/-]+)?)").FindAllStringSubmatch(text, -1) {
		group, last, nested := strings.Cut(match[1], " ")
		if !nested {
			all[group] = true
			continue
		}
		for name := range strings.SplitSeq(last, "/") {
			all[group+" "+name] = true
		}
	}
	return all
}

// targetsIn are the targets of make that a text names, in the line or in a block.
func targetsIn(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
		all[match[1]] = true
	}
	return all
}

// Whoever reads Chinese is told the same commands, and those that are named are
// there.
func TestBothReadmesNameTheCommandsThatThereAre(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.Exit(func(int) {}))
	require.NoError(t, err)
	known, groups := map[string]bool{}, map[string]bool{}
	for _, group := range parser.Model.Children {
		known[group.Name], groups[group.Name] = true, true
		for _, command := range group.Children {
			known[group.Name+" "+command.Name] = true
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	targets := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(string(makefile), -1) {
		targets[match[1]] = true
	}
	var commands, goals [][]string
	for _, name := range []string{"../../README.md", "../../README.zh.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		named, told := commandsIn(string(text)), map[string]bool{}
		for command := range named {
			require.True(t, known[command], "%s names unireg %s", name, command)
			group, _, _ := strings.Cut(command, " ")
			told[group] = true
		}
		require.Equal(t, groups, told, "commands of which %s tells", name)
		for target := range targetsIn(string(text)) {
			require.True(t, targets[target], "%s names make %s", name, target)
		}
		commands = append(commands, slices.Sorted(maps.Keys(named)))
		goals = append(goals, slices.Sorted(maps.Keys(targetsIn(string(text)))))
	}
	require.Equal(t, commands[0], commands[1])
	require.Equal(t, goals[0], goals[1])
}
