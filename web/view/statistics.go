package view

import (
	"strings"

	"unireg/record/form"
)

// StatisticsModel is the desk's figures of a period, GET /staff/statistics?from=
// &to=&kind=&region=&staff=, or with period= instead of the dates.
type StatisticsModel struct {
	Today    DeskToday
	From, To string   // as typed, or the days of Periods' choice
	Periods  []Filter // 今天, 本周 …
	Kinds    []Option
	Regions  []Option
	Staff    []Option
	Kind     string
	Region   string
	Person   string // the staff member who is asked for; "" for all
	Problems []form.Problem

	Period     string // in words
	Cards      []FigureCard
	Tables     []FigureTable
	ExportHref string // "" where there is nothing to take along
	Empty      bool   // nothing happened in the period and nothing waits
}

// DeskToday is the day at a glance: what the viewer and what all decided, and
// what waits.
type DeskToday struct{ Mine, Team, Waiting, Overdue int }

// FigureCard is one measure of all.
type FigureCard struct {
	Label string
	Value string
	Note  string // of what it consists, or how it is counted
	Tone  Tone   // Bad where something is to be done
}

// FigureTable is a table of figures. A chart, where there is one, is drawn by
// statistics.js from the cells of the table and of nothing else.
type FigureTable struct {
	ID       string
	Title    string
	Note     string
	Headings []string // the first is that of the rows
	Rows     []FigureRow
	Total    []string // below the rows; nil for none
	Chart    *FigureChart
}

// FigureRow is one row. Sub stands below its head.
type FigureRow struct {
	Head, Sub string
	Cells     []string
}

// FigureChart says which columns of a table are drawn, counted from 0 with the
// heads.
type FigureChart struct {
	Lying bool  // bars that lie, one for each row; otherwise columns that stand
	Bars  []int // columns drawn as bars
	Stack bool  // bars upon each other
	Line  int   // column drawn as a line; 0 for none
	Label string
	// Colours are the tokens of theme.css, without their prefix, of the bars and
	// then of the line.
	Colours []string
}

// shape is the chart's attribute for the script.
func (c FigureChart) shape() string {
	if c.Lying {
		return "bars"
	}
	return "columns"
}

func (c FigureChart) bars() string {
	all := make([]string, len(c.Bars))
	for i, column := range c.Bars {
		all[i] = count(column)
	}
	return strings.Join(all, " ")
}

// cardTone is the class of a card's value.
func cardTone(t Tone) string {
	if t == Bad {
		return "num over"
	}
	return "num"
}
