package web

// recordRoutes are what a subject does with its records.
var recordRoutes = []route{}
