package main

import (
	"fmt"
	"io"
)

type originsCommand struct {
	Add    originsAdd    `cmd:"" help:"Allow a portal."`
	List   originsList   `cmd:"" help:"List the allowed portals."`
	Remove originsRemove `cmd:"" help:"Forbid a portal."`
}

type originsAdd struct {
	configured
	Origin string `arg:"" help:"Such as https://reg.example.cn."`
}

// Run allows the origin.
func (c *originsAdd) Run(out io.Writer) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	origin, err := file.Add(c.Origin)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "allowed:", origin)
	return err
}

type originsList struct{ configured }

// Run prints an origin a line.
func (c *originsList) Run(out io.Writer) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	origins, err := file.Origins()
	if err != nil {
		return err
	}
	for _, origin := range origins {
		if _, err := fmt.Fprintln(out, origin); err != nil {
			return err
		}
	}
	return nil
}

type originsRemove struct {
	configured
	Origin string `arg:"" help:"As listed."`
}

// Run forbids the origin.
func (c *originsRemove) Run(out io.Writer) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	there, err := file.Remove(c.Origin)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("%s was not allowed", c.Origin)
	}
	_, err = fmt.Fprintln(out, "forbidden:", c.Origin)
	return err
}
