// The guide for instructors: makes the links of a class, and checks them with the code that reads the lab's addresses.
"use strict";

lab.later(() => {
  const form = lab.form("[data-link-form]");
  const field = (name) => form.elements[name].value.trim();
  const error = lab.one("[data-link-error]");
  const status = lab.one("[data-link-said]");
  const links = lab.field("[data-links]");
  const MOST = 500; // students
  const EXAMPLE = "https://lab.example/data-selection/";

  form.elements.lab.value = new URL("index.html", location.href).href;
  // Pip can install from such an address, but others cannot install from a folder of this machine.
  if (["https:", "http:"].includes(location.protocol)) {
    for (const code of lab.all("pre code")) code.textContent = code.textContent.replaceAll(EXAMPLE, new URL(".", location.href).href);
    lab.one("[data-address-note]").hidden = true;
  }

  /** A number of the form as the address has it; the form shows shares as percentages. */
  function value(name) {
    const text = field(name);
    if (text === "" || !form.elements[name].matches("[data-percent]") || !Number.isFinite(Number(text))) return text;
    return String(Number((Number(text) / 100).toPrecision(12)));
  }

  /** The address for one student; throws if the lab would ignore something in it. */
  function link(student) {
    let address;
    try {
      address = new URL(field("lab"));
    } catch {
      throw new Error("The address of the lab is not one. Copy it from the browser.");
    }
    if (!["https:", "http:", "file:"].includes(address.protocol)) throw new Error("The address of the lab must begin with https://.");
    const query = new URLSearchParams({ part: field("part") });
    const limits = Object.keys(lab.state.limits);
    for (const name of ["track", "class", "seed", ...limits]) if (value(name) !== "") query.set(name, value(name));
    const fixed = [query.has("seed") && "seed", limits.some((name) => query.has(name)) && "limits"].filter(Boolean);
    if (fixed.length) query.set("fixed", fixed.join(","));
    if (student) query.set("student", student);
    const { ignored } = lab.state.read(`?${query}`);
    if (ignored.length) throw new Error(`${student ? `${student.slice(0, 60)}: ` : ""}${ignored[0]}.`);
    address.search = String(query);
    address.hash = "";
    return address.href;
  }

  /** The links of the students, and the errors of the rows without a link; a bad row does not affect the others. */
  function forEach(students) {
    const lines = [], errors = [];
    for (const student of students) {
      try {
        lines.push(`${student}\t${link(student)}`);
      } catch (problem) {
        errors.push(problem.message);
      }
    }
    return { lines, errors };
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const rows = field("students").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    const students = [...new Map(rows.map((row) => [row.normalize("NFC"), row])).values()];
    error.hidden = true;
    links.hidden = true;
    status.textContent = "";
    try {
      if (students.length > MOST) throw new Error(`At most ${MOST} students at once.`);
      const everybody = link(""); // an error that concerns everybody is shown once
      const { lines, errors } = forEach(students);
      if (lines.length || !students.length) {
        links.value = students.length ? lines.join("\n") : everybody;
        links.hidden = false;
      }
      status.textContent = !students.length ? "One link for everybody."
        : lines.length ? `${lines.length} ${lines.length === 1 ? "link" : "links"}, each after the student and a tab: paste them into a spreadsheet.` : "";
      if (rows.length > students.length) status.textContent += ` ${rows.length - students.length} repeated ${rows.length - students.length === 1 ? "row" : "rows"} left out: two students of one name need something that tells them apart.`;
      if (errors.length) throw new Error(`No link for ${errors.length} of ${students.length} rows. ${errors.slice(0, 5).join(" ")}${errors.length > 5 ? ` And ${errors.length - 5} more.` : ""}`);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
  });
});
