#pragma once

#include <string>

#include "scoring/margin_calibration.h"
#include "scoring/scoring_file.h"

namespace senvec {

// What was searched, for the report.
struct CalibrationSubject {
  int64_t num_documents = 0;
  int64_t num_classes = 0;
};

// A table for people.
std::string CalibrationText(const MarginCalibration& calibration, const CalibrationSubject& subject, double precision);
// The same as one line of JSON, with the values of the file that was written.
std::string CalibrationJson(const MarginCalibration& calibration, const CalibrationSubject& subject, const ScoringFile& file);
// Figures of the held-out half for scoring.json.
std::map<std::string, double> MeasuredFigures(const MarginCalibration& calibration);

}  // namespace senvec
