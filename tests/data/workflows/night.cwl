cwlVersion: v1.2
$graph:
  - id: calibrate
    class: CommandLineTool
    baseCommand: [sh, -c, 'cat "$0" "$1" > "$2"']
    arguments: [$(inputs.raw), $(inputs.flat), $(inputs.raw.nameroot)_cal.txt]
    inputs:
      raw: File
      flat: File
    outputs:
      cal:
        type: File
        outputBinding: {glob: "*_cal.txt"}
  - id: merge
    class: CommandLineTool
    baseCommand: cat
    arguments: [$(inputs.cals)]
    stdout: stack.txt
    inputs:
      cals: File[]
    outputs:
      stack: stdout
  - id: reduce
    class: Workflow
    requirements: {ScatterFeatureRequirement: {}}
    inputs:
      raws: File[]
      flat: File
    outputs:
      stack: {type: File, outputSource: stacking/stack}
    steps:
      calibrating:
        run: "#calibrate"
        scatter: raw
        in: {raw: raws, flat: flat}
        out: [cal]
      stacking:
        run: "#merge"
        in: {cals: calibrating/cal}
        out: [stack]
  - id: count
    class: CommandLineTool
    baseCommand: [wc, -l]
    arguments: [$(inputs.stack)]
    stdout: report.txt
    inputs:
      stack: File
    outputs:
      report: stdout
  - id: main
    class: Workflow
    requirements: {SubworkflowFeatureRequirement: {}}
    inputs:
      raws: File[]
      flat: File
    outputs:
      stack: {type: File, outputSource: night/stack}
      report: {type: File, outputSource: counting/report}
    steps:
      night:
        run: "#reduce"
        in: {raws: raws, flat: flat}
        out: [stack]
      counting:
        run: "#count"
        in: {stack: night/stack}
        out: [report]
