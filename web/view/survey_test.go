package view_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// onlyShots narrows what is looked at while a page is being made:
//
//	go test ./web/view -run Survey -shots 'edit|record'
var onlyShots = flag.String("shots", "", "regular expression of the shots to look at in the browser; empty for all")

// promise is what the survey looks for. Each is a test of its own below.
type promise string

const (
	accessible promise = "axe-core finds no violation of WCAG 2.2 at levels A and AA, nor of its own good practice"
	contrasted promise = "high contrast and large text"
	reflowing  promise = "reflow and zoom"
	spaced     promise = "text spacing"
	plain      promise = "forced colours and less motion"
	focusing   promise = "focus"
	scripted   promise = "scripts"
)

// finding is something that is wrong with a page as a browser draws it.
type finding struct {
	promise promise
	page    string // the shot
	how     string // in which window, with which preference
	what    string
}

// surveyed is the one survey of all tests of this file: each page is opened
// once and looked at in every way.
var surveyed struct {
	once  sync.Once
	found []finding
	err   error
}

// survey looks at the whole gallery and returns what was found about a promise.
func survey(t *testing.T, about promise) []finding {
	t.Helper()
	surveyed.once.Do(func() {
		all := gallery()
		surveyed.found, surveyed.err = shared(serveGallery(t, all), narrowed(t, all, shot.called), shot.called, func(b *tab, s shot) ([]finding, error) {
			v := viewing{tab: b, page: s.name}
			err := v.whole()
			return v.found, err
		})
	})
	require.NoError(t, surveyed.err)
	return slices.DeleteFunc(slices.Clone(surveyed.found), func(f finding) bool { return f.promise != about })
}

// narrowed are the things that -shots names.
func narrowed[T any](t testing.TB, all []T, name func(T) string) []T {
	t.Helper()
	wanted, err := regexp.Compile(*onlyShots)
	require.NoError(t, err)
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return !wanted.MatchString(name(one)) })
}

// shared does something with each page, in as many tabs as there are processors.
// What was found is in the order of the pages.
func shared[T any](origin string, all []T, name func(T) string, do func(*tab, T) ([]finding, error)) ([]finding, error) {
	found, faults := make([][]finding, len(all)), make([]error, len(all))
	var next atomic.Int64
	var tabs sync.WaitGroup
	for range runtime.NumCPU() {
		tabs.Go(func() {
			b, err := newTab(origin)
			if err == nil {
				defer b.close()
			}
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				if err != nil {
					faults[i] = err
					return
				}
				if found[i], faults[i] = do(b, all[i]); faults[i] != nil {
					faults[i] = fmt.Errorf("%s: %w", name(all[i]), faults[i])
				}
			}
		})
	}
	tabs.Wait()
	return slices.Concat(found...), errors.Join(faults...)
}

// viewing is the look at one shot.
type viewing struct {
	*tab

	page  string
	part  string // of the page that is looked at for violations, "" for all
	found []finding
}

func (v *viewing) add(about promise, how string, what []string, err error) error {
	for _, w := range what {
		v.found = append(v.found, finding{about, v.page, how, w})
	}
	if err != nil {
		return fmt.Errorf("%s, %s: %w", about, how, err)
	}
	return nil
}

// asks asks one of the functions of testdata/look.js.
func (v *viewing) asks(about promise, how, function string) error {
	what, err := ask[[]string](v.tab, "look."+function+"()")
	return v.add(about, how, what, err)
}

// keeps has axe-core look for violations.
func (v *viewing) keeps(about promise, how string, rules chromium.Rules) error {
	what, err := v.violations(rules, v.part)
	return v.add(about, how, what, err)
}

// inTurn does one after the other, until one fails.
func inTurn(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// dressed gives the page the classes of preferences.
func (v *viewing) dressed(classes string) error {
	return v.run(`document.documentElement.className = "js ` + classes + `"`)
}

// whole looks at the page in every way. axe-core takes most of the time: it
// looks at all that is unfolded on a desk, once in its colours and once with high
// contrast, and at what is not on a telephone.
func (v *viewing) whole() error {
	return inTurn(
		func() error { return v.window(chromium.DeskWidth, chromium.DeskHeight) },
		func() error { return v.open(v.page) },
		v.onADesk, v.withSystem, v.enlarged, v.onAPhone, v.unfolded,
		func() error { return v.asks(scripted, "", "failed") },
	)
}

func (v *viewing) onADesk() error {
	return inTurn(
		func() error { return v.asks(reflowing, "desk", "laid") },
		func() error { return v.asks(focusing, "desk", "focused") },
		func() error { return v.asks(focusing, "desk", "jumbled") },
		func() error { return v.wellSpaced("desk") },
		func() error { return v.dressed("large") },
		func() error { return v.asks(contrasted, "desk, large text", "laid") },
		func() error { return v.asks(focusing, "desk, large text", "focused") },
		func() error { return v.dressed("") },
	)
}

// wellSpaced looks at the page with the distances of WCAG 1.4.12.
func (v *viewing) wellSpaced(how string) error {
	return inTurn(
		func() error { return v.run(`look.spacing(true)`) },
		func() error { return v.asks(spaced, how, "laid") },
		func() error { return v.run(`look.spacing(false)`) },
	)
}

func (v *viewing) withSystem() error {
	return inTurn(
		func() error { return v.system(system{forcedColours: true}) },
		func() error { return v.asks(plain, "forced colours", "unmarked") },
		func() error { return v.system(system{lessMotion: true}) },
		func() error { return v.asks(plain, "less motion", "moving") },
		func() error { return v.system(system{}) },
	)
}

// enlarged is the page in windows that hold less of it: 1440 CSS pixels at 200 %
// and 1280 at 400 % (WCAG 1.4.4 and 1.4.10).
func (v *viewing) enlarged() error {
	return inTurn(
		func() error { return v.window(chromium.DeskWidth/2, chromium.DeskHeight/2) },
		func() error { return v.asks(reflowing, "200 %", "laid") },
		func() error { return v.asks(focusing, "200 %", "focused") },
		func() error { return v.window(320, 640) },
		func() error { return v.asks(reflowing, "400 %", "laid") },
	)
}

func (v *viewing) onAPhone() error {
	return inTurn(
		func() error { return v.window(chromium.PhoneWidth, chromium.PhoneHeight) },
		func() error { return v.keeps(accessible, "phone", chromium.AllRules) },
		func() error { return v.asks(reflowing, "phone", "laid") },
		func() error { return v.asks(focusing, "phone", "focused") },
		func() error { return v.asks(focusing, "phone", "jumbled") },
		func() error { return v.wellSpaced("phone") },
		func() error { return v.dressed("large") },
		func() error { return v.asks(contrasted, "phone, large text", "laid") },
		func() error { return v.dressed("") },
	)
}

// unfolded is the page with all open that it keeps folded.
func (v *viewing) unfolded() error {
	n, err := ask[int](v.tab, "look.unfold()")
	if err != nil {
		return err
	}
	more := func() error {
		return inTurn(
			func() error { return v.asks(reflowing, "desk, unfolded", "laid") },
			func() error { return v.asks(focusing, "desk, unfolded", "focused") },
			func() error { return v.window(chromium.PhoneWidth, chromium.PhoneHeight) },
			func() error { return v.asks(reflowing, "phone, unfolded", "laid") },
		)
	}
	if n == 0 {
		more = func() error { return nil }
	}
	return inTurn(
		func() error { return v.window(chromium.DeskWidth, chromium.DeskHeight) },
		func() error { return v.keeps(accessible, "desk, unfolded", chromium.AllRules) },
		func() error { return v.dressed("contrast") },
		func() error { return v.keeps(contrasted, "desk, high contrast", chromium.ColourRules) },
		func() error { return v.dressed("") },
		more,
	)
}

// holds fails the test with everything that was found, what is wrong on many
// pages once.
func holds(t *testing.T, about promise) {
	t.Helper()
	told(t, survey(t, about))
}

func told(t *testing.T, found []finding) {
	t.Helper()
	where := map[string][]string{}
	for _, f := range found {
		where[f.what] = append(where[f.what], strings.TrimSuffix(f.page+" ("+f.how+")", " ()"))
	}
	for _, what := range slices.Sorted(maps.Keys(where)) {
		pages := where[what]
		t.Errorf("%s\n  on %s%s", what, strings.Join(pages[:min(len(pages), 4)], ", "), more(len(pages)-4))
	}
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func TestSurveyEveryPageIsAccessible(t *testing.T) { holds(t, accessible) }

// B24: with high contrast the colours still suffice, with large text nothing is
// lost.
func TestSurveyB24_HighContrastAndLargeText(t *testing.T) { holds(t, contrasted) }

// At 200 % and 400 %, on a desk and on a telephone no page scrolls sideways, and
// no text is cut off, runs out of its box or lies on another.
func TestSurveyNothingIsLostInNarrowWindows(t *testing.T) { holds(t, reflowing) }

func TestSurveyNothingIsLostWithSpacedText(t *testing.T) { holds(t, spaced) }

// What is chosen is seen where a system draws all in its own colours, and
// nothing moves where it asks for less motion.
func TestSurveyForcedColoursAndLessMotion(t *testing.T) { holds(t, plain) }

// Wherever Tab stops, the focus is drawn, within the window and under no bar,
// and goes the way of reading.
func TestSurveyTheFocusIsSeen(t *testing.T) { holds(t, focusing) }

// No script fails, and none asks for what the policy forbids.
func TestSurveyScriptsKeepToThePolicy(t *testing.T) { holds(t, scripted) }

// B24: English is longer, and fits all the same.
func TestSurveyB24_EnglishFits(t *testing.T) {
	all := gallery()
	found, err := shared(serveGallery(t, all), narrowed(t, all, shot.called), shot.called, func(b *tab, s shot) ([]finding, error) {
		v := viewing{tab: b, page: s.name}
		err := inTurn(
			func() error { return v.window(chromium.DeskWidth, chromium.DeskHeight) },
			func() error { return v.open(s.name + "?english") },
			func() error { return v.asks(reflowing, "desk", "laid") },
			func() error { return v.window(chromium.PhoneWidth, chromium.PhoneHeight) },
			func() error { return v.asks(reflowing, "phone", "laid") },
			func() error { return v.window(320, 640) },
			func() error { return v.asks(reflowing, "400 %", "laid") },
		)
		return v.found, err
	})
	require.NoError(t, err)
	told(t, found)
}
