"""What is looked at: drawings, tables and plots of a trace or of plain tensors."""
