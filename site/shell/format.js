// Numbers as a reader sees them. A missing number is shown as a dash, never as a zero.
"use strict";

lab.format = (() => {
  const local = (value, options) => new Intl.NumberFormat("en-US", options).format(value);
  const significant = (value, digits) => local(value, { maximumSignificantDigits: digits });

  /** @type {[number, string][]} */
  const prefixes = [[1e24, "Y"], [1e21, "Z"], [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  /** @type {[number, string][]} */
  const words = [[1e12, " trillion"], [1e9, " billion"], [1e6, " million"]];

  const formats = {
    percent: (x) => `${local(100 * x, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`,
    points: (x) => `${local(x, { maximumFractionDigits: 1 })} points`,
    integer: (x) => local(Math.round(x) || 0, {}),
    number: (x) => (Number.isInteger(x) && Math.abs(x) < 1e6 ? local(x, {}) : (Math.abs(x) >= 1e6 || (x !== 0 && Math.abs(x) < 1e-3)) ? x.toExponential(2).replace("e+", "e") : significant(x, 3)),
    fixed: (x) => local(x, { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
    dollars: (x) => {
      const sign = x < 0 ? "−" : "";
      const size = Math.abs(x);
      for (const [unit, word] of words) if (size >= unit) return `${sign}$${significant(size / unit, 3)}${word}`;
      return `${sign}$${size >= 100 ? local(Math.round(size), {}) : local(size, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).replace(".00", "")}`;
    },
    price: (x) => `${x < 0 ? "−" : ""}$${significant(Math.abs(x), 3)}`, // however small: $0.00005
    si: (x) => {
      for (const [unit, prefix] of prefixes) if (Math.abs(x) >= unit) return `${significant(x / unit, 3)} ${prefix}`;
      return significant(x, 3);
    },
  };

  /** @param {number | null | undefined} value @param {string} [format] @param {string} [unit] */
  return (value, format = "number", unit = "") => {
    if (typeof value !== "number" || !Number.isFinite(value)) return typeof value === "string" ? value : "–";
    if (format === "number" && unit.startsWith("$")) return `${formats.price(value)}${unit.slice(1)}`; // $1/sample
    const text = (formats[format] || formats.number)(value).replace(/^-/, "−");
    return unit && !["percent", "dollars", "price"].includes(format) ? `${text} ${unit}` : text;
  };
})();
