"""Places of the named symbols in the arrays of the kernel.

The order is that of ``cases/schema/symbols.csv`` and ``global_symbols.csv``; a test holds the two
together. Kernels need the numbers as compile-time constants, people read the names.
"""

# segment symbols (schema/symbols.csv)
(
    EPSILON,
    ALPHA,
    NU,
    IOTA,
    DELTA,
    PHI,
    LAG,
    GROWTH,
    LEARNING_RATE,
    KAPPA,
    EXPERIENCE,
    MARGIN,
    ADOPTION,
    ADOPTION_SPEED,
    BIRTH,
    CRAFT,
    CRAFT_DECAY,
    SCALE,
    CAPITAL,
    FINAL_SHARE,
    FOREIGN_OWNED,
    OFFSHORE,
    NICHE_SHARE,
    NICHE_EDGE,
    USER_GAIN,
    KNOWLEDGE,
    LABOUR_RESEARCHER,
    LABOUR_DIGITAL,
    LABOUR_CRAFT,
    LABOUR_GENERAL,
    PRODUCTIVITY,
    OVERRUN,
) = range(32)
N_SYMBOLS = 32

# cross-cutting symbols (schema/global_symbols.csv)
(
    PUBLIC_FUNDS,
    INTEREST,
    CAPITAL_DECAY,
    EXCHANGE,
    WAGE_RESPONSE,
    EXCHANGE_RESPONSE,
    WAGE_RESEARCHER,
    WAGE_DIGITAL,
    WAGE_CRAFT,
    WAGE_GENERAL,
    RETALIATION_TARIFF,
    SATURATION_ADOPTION_EPSILON,
    SATURATION_ADOPTION_KAPPA,
    SATURATION_MARGIN,
    LEVERAGE_DECAY,
    NICHE_REACTION,
    CREDIT_ADDITIONALITY,
    CREDIT_RETURN,
    CREDIT_DECAY,
    CREDIT_LABOUR,
    SPILLOVER_RENT,
    ADMINISTRATION,
    ENTRY_CONCENTRATION,
    PARTNER_CROWDING,
    PROXY_STOCK,
    PROXY_SPARE,
    EXPORTS_BASE,
    RESEARCH_PART,
    TABLE_SCALE,
) = range(29)
N_GLOBALS = 29

# what an instrument can move (schema/effects.csv, attribute lever)
(
    LEVER_LEARNING_RATE,
    LEVER_KAPPA,
    LEVER_HANDOVER,
    LEVER_POOLING,
    LEVER_BARRIER,
    LEVER_ACCESS,
    LEVER_STANDARDS,
    LEVER_PROCUREMENT,
    LEVER_PRIVATE_INVESTMENT,
    LEVER_BIRTH,
    LEVER_LABOUR_SAVING,
    LEVER_QUALITY,
) = range(12)
N_LEVERS = 12
LEVERS = (
    "learning_rate",
    "kappa",
    "handover",
    "pooling",
    "barrier",
    "access",
    "standards",
    "procurement",
    "private_investment",
    "birth",
    "labour_saving",
    "quality",
)

SKILLS = ("researcher", "digital", "craft", "general")

# measures of a line in one future, in the order of the kernel's output
SCALARS = (
    "value_added",
    "spillover",
    "gni",
    "user_surplus",
    "knowledge",
    "welfare",
    "welfare_r1",
    "welfare_r2",
    "public_cost",
    "firm_cost",
    "indispensability",
    "exposure",
    "digital_balance",
    "share_last",
    "sales_last",
)
PATHS = (
    "money",
    "labour_researcher",
    "labour_digital",
    "labour_craft",
    "labour_general",
    "value_added",
    "sales",
)
