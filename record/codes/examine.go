package codes

// examine looks at the tables as the changes would leave them: that every parent
// exists, nothing lies below itself, nothing outlives what it lies below, and
// what may be chosen today stays an end of its branch.
func (c *comparison) examine() {
	over := make([]Entry, 0, len(c.changes))
	for _, change := range c.changes {
		over = append(over, change.After)
	}
	after := &rows{entries: merge(c.edition.rows(c.table).entries, over), at: map[string]int{}}
	for i, e := range after.entries {
		after.at[e.Code] = i
	}
	circle := after.circle()
	if circle != "" {
		c.faults.add(c.lines[circle], "%s would lie below itself", circle)
	}
	for _, e := range after.entries {
		c.examineParent(after, e)
	}
	for _, below := range all {
		if below.above != c.table {
			continue
		}
		for _, e := range c.edition.rows(below).entries {
			if i, ok := after.at[e.Parent]; ok && outlives(e, after.entries[i]) {
				c.faults.add(c.lines[e.Parent], "%s would end on %s before %s %s of table %s: import that table first",
					e.Parent, after.entries[i].ValidTo, e.Code, e.Name, below.name)
			}
		}
	}
	for _, change := range c.changes {
		if circle == "" {
			c.examineBranch(change)
		}
	}
}

// examineParent looks at an entry and what it lies below.
func (c *comparison) examineParent(after *rows, e Entry) {
	if e.Parent == "" {
		return
	}
	parent, found := Entry{}, false
	if i, ok := after.at[e.Parent]; ok {
		parent, found = after.entries[i], true
	}
	for t := c.table.above; !found && t != nil; t = t.above {
		parent, found = c.edition.lookup(t, e.Parent)
	}
	switch {
	case !found:
		c.faults.add(c.lines[e.Code], "%s lies below %s, which does not exist", e.Code, e.Parent)
	case outlives(e, parent):
		c.faults.add(c.lines[e.Code], "%s %s would outlive %s %s, which ends on %s", e.Code, e.Name, parent.Code, parent.Name, parent.ValidTo)
	}
}

// outlives tells that an entry may be chosen when what it lies below no longer
// may: nobody could find it.
func outlives(e, parent Entry) bool {
	return parent.ValidTo != "" && (e.ValidTo == "" || e.ValidTo > parent.ValidTo)
}

// examineBranch keeps a change from making a heading, today, of a code that may
// be chosen today because nothing lies below it.
func (c *comparison) examineBranch(change Change) {
	before, after := change.Before, change.After
	offered := before.Code != "" && before.ValidOn(c.today) && before.Parent == after.Parent
	parent, known := c.edition.lookup(c.table, after.Parent)
	if !known || offered || !after.ValidOn(c.today) || !parent.ValidOn(c.today) {
		return
	}
	if len(c.edition.children(c.table, parent.Code, c.today)) == 0 {
		c.faults.add(c.lines[after.Code], "%s %s may be chosen today: what is new below it begins after %s", parent.Code, parent.Name, c.today)
	}
}
